import FoundationEssentials
import Platform

/// Seals the tokens that wait in an import, each bound to its tenant, import and place, as `BotSecrets` does for bots.
package struct ImportSecrets: Sendable {
    private let box: SecretBox

    package init(box: SecretBox) { self.box = box }

    /// - Parameter place: in the request, from 0.
    package func seal(_ token: String, _ importID: UUID, _ place: Int, _ tenant: ID<Tenant>) throws -> [UInt8]
    {
        try box.seal(Array(token.utf8), for: Self.binding(importID, place, tenant))
    }

    /// - Throws: when the master key is not the one it was sealed with, or the value was altered or moved.
    package func open(_ sealed: [UInt8], _ importID: UUID, _ place: Int, _ tenant: ID<Tenant>) throws
        -> String
    {
        String(decoding: try box.open(sealed, for: Self.binding(importID, place, tenant)), as: UTF8.self)
    }

    /// What each is sealed for.
    static func binding(_ importID: UUID, _ place: Int, _ tenant: ID<Tenant>) -> [UInt8] {
        Array("\(tenant)/import/\(importID.uuidString.lowercased())/\(place)/token".utf8)
    }
}
