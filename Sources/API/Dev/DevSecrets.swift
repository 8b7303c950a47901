import Auth
import FoundationEssentials
import Platform

/// The demo's passwords and key: made at the first start and kept, so that later ones print the same.
struct DevSecrets: Codable, Sendable {
    let ownerPassword: String
    let platformAdminPassword: String
    let apiKey: String

    private enum CodingKeys: String, CodingKey {
        case ownerPassword = "owner_password"
        case platformAdminPassword = "platform_admin_password"
        case apiKey = "api_key"
    }

    init() {
        ownerPassword = Self.makePassword()
        platformAdminPassword = Self.makePassword()
        apiKey = APIKeySecret().text
    }

    /// Without characters that a shell reads otherwise.
    private static func makePassword() -> String { Base64.encode(Random.bytes(18), .urlSafe) }
}

extension DevFolder {
    /// Readable for the folder's owner alone. Blocks.
    func secrets() throws -> DevSecrets {
        let file = path + "/secrets.json"
        if let text = try? FileText.read(file),
            let secrets = try? JSONDecoder().decode(DevSecrets.self, from: Data(text.utf8)),
            APIKeySecret(secrets.apiKey) != nil
        {
            return secrets
        }
        let secrets = DevSecrets()
        let json = String(decoding: try JSONEncoder().encode(secrets), as: UTF8.self)
        try FileText.replace(file, json, mode: 0o600)
        return secrets
    }
}
