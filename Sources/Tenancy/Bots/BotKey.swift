import FoundationEssentials
import Platform

/// A bot and the tenant it belongs to: what every query about it must name.
package struct BotKey: Hashable, Sendable {
    package let tenant: ID<Tenant>
    package let bot: ID<Bot>

    package init(tenant: ID<Tenant>, bot: ID<Bot>) {
        self.tenant = tenant
        self.bot = bot
    }

    /// The shard that this bot's deliveries belong to, 0 to 63: the last byte of a UUIDv7 is random.
    package var shard: Int { Int(bot.uuid.uuid.15) % Shard.count }
}

extension BotKey: RowDecodable {
    package init(row: inout Row) throws {
        tenant = try row.next()
        bot = try row.next()
    }
}
