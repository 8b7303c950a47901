import Platform

/// What a bot has asked of its webhook (Bot API, setWebhook).
package struct SandboxWebhook: Sendable, Equatable {
    package let url: String
    package let secretToken: String?
    package let maxConnections: Int
    let ipAddress: IPAddress?
    let hasCertificate: Bool

    static let largestCertificate = 3 * 1024 * 1024
    private static let secretCharacters = Set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")

    /// - Throws: `BotAPIRefusal` with Telegram's text for what it would refuse.
    init(_ parameters: CallParameters, allowsLoopback: Bool) throws(BotAPIRefusal) {
        let secret = parameters.string("secret_token") ?? ""
        guard secret.utf8.count <= 256 else { throw .badRequest("secret token is too long") }
        guard secret.allSatisfy(Self.secretCharacters.contains) else {
            throw .badRequest("secret token contains unallowed characters")
        }
        secretToken = secret.isEmpty ? nil : secret
        if let size = parameters["certificate"]?["size"]?.integerValue {
            guard size > 0 else { throw .badRequest("certificate file is empty") }
            guard size <= Self.largestCertificate else {
                throw .badRequest("certificate size is too big (\(size) bytes)")
            }
            hasCertificate = true
        } else {
            hasCertificate = false
        }
        maxConnections = Int(min(max(parameters.integer("max_connections") ?? 40, 1), 100))
        let address = try WebhookAddress(parameters.string("url") ?? "", allowsLoopback: allowsLoopback)
        url = address.url
        if let text = parameters.string("ip_address"), !text.isEmpty {
            guard let ip = IPAddress(text) else { throw .badWebhook("Invalid IP address specified") }
            if !allowsLoopback || ip.bytes.first != 127 { try WebhookAddress.check(ip) }
            ipAddress = ip
        } else {
            ipAddress = address.ip
        }
    }
}
