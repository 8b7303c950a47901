import Platform

/// Seals what belongs to one consumer, bound to tenant, consumer and purpose, as `BotSecrets` does for bots.
package struct ConsumerSecrets: Sendable {
    package enum Purpose: String, Sendable { case signing, telegramSecret = "telegram_secret" }

    private let box: SecretBox

    package init(box: SecretBox) { self.box = box }

    package func seal(
        _ secret: String, _ purpose: Purpose, of consumer: ID<Consumer>, _ tenant: ID<Tenant>
    ) throws -> [UInt8] {
        try box.seal(Array(secret.utf8), for: Self.binding(purpose, consumer, tenant))
    }

    package func open(
        _ sealed: [UInt8], _ purpose: Purpose, of consumer: ID<Consumer>, _ tenant: ID<Tenant>
    ) throws -> String {
        String(decoding: try box.open(sealed, for: Self.binding(purpose, consumer, tenant)), as: UTF8.self)
    }

    /// What each is sealed for.
    static func binding(_ purpose: Purpose, _ consumer: ID<Consumer>, _ tenant: ID<Tenant>) -> [UInt8] {
        Array("\(tenant)/\(consumer)/\(purpose.rawValue)".utf8)
    }
}
