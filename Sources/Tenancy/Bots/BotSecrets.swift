import Platform

/// Seals what belongs to one bot so that it opens only for that bot: tenant, bot and purpose are bound in as
/// associated data, and a value moved to another row does not open.
package struct BotSecrets: Sendable {
    package enum Purpose: String, Sendable { case token, webhookSecret = "webhook_secret" }

    private let box: SecretBox

    package init(box: SecretBox) { self.box = box }

    package func seal(_ secret: String, _ purpose: Purpose, of bot: ID<Bot>, _ tenant: ID<Tenant>) throws
        -> [UInt8]
    {
        try box.seal(Array(secret.utf8), for: Self.binding(purpose, bot, tenant))
    }

    /// - Throws: when the master key is not the one it was sealed with, or the value was altered or moved.
    package func open(_ sealed: [UInt8], _ purpose: Purpose, of bot: ID<Bot>, _ tenant: ID<Tenant>) throws
        -> String
    {
        String(decoding: try box.open(sealed, for: Self.binding(purpose, bot, tenant)), as: UTF8.self)
    }

    /// What each is sealed for.
    static func binding(_ purpose: Purpose, _ bot: ID<Bot>, _ tenant: ID<Tenant>) -> [UInt8] {
        Array("\(tenant)/\(bot)/\(purpose.rawValue)".utf8)
    }
}
