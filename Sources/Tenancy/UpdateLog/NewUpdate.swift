import Platform

/// An update on its way into the log.
package struct NewUpdate: Sendable {
    package let tenant: ID<Tenant>
    package let bot: ID<Bot>
    package let head: UpdateHead
    package let receivedAt: Timestamp
    /// Telegram's bytes.
    package let payload: [UInt8]

    package init(
        tenant: ID<Tenant>, bot: ID<Bot>, head: UpdateHead, receivedAt: Timestamp, payload: [UInt8]
    ) {
        self.tenant = tenant
        self.bot = bot
        self.head = head
        self.receivedAt = receivedAt
        self.payload = payload
    }

    var key: BotKey { BotKey(tenant: tenant, bot: bot) }
    var deadline: Timestamp? { head.timeToLive.map { receivedAt + $0 } }
}
