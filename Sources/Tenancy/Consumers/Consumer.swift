import Platform

/// A cursor over one bot's log: what of it the tenant's own server has got.
package struct Consumer: Sendable, Equatable, Identified {
    package static let prefix = "consumer"

    package enum Kind: String, Sendable, PostgresCodable { case push, pull }
    package enum Status: String, Sendable, PostgresCodable { case active, paused, disabled }
    package enum Ordering: String, Sendable, PostgresCodable { case lane, none }
    /// What happens to a lane whose first update has used up its attempts.
    package enum OnDead: String, Sendable, PostgresCodable { case skip, park }

    package let id: ID<Consumer>
    package let bot: BotKey
    package var kind: Kind
    package var name: String
    package var status: Status
    package var url: String?
    /// nil: every kind.
    package var kinds: [String]?
    package var ordering: Ordering
    package var concurrency: Int
    package var timeout: Duration
    package var schedule: [Duration]
    package var onDead: OnDead
    package let createdAt: Timestamp
    package let updatedAt: Timestamp
}

extension Consumer: RowDecodable {
    static let columns: SQL = """
        consumer.id, consumer.tenant_id, consumer.bot_id, consumer.type, consumer.name, consumer.status, \
        consumer.url, consumer.kinds, consumer.ordering, consumer.concurrency, consumer.timeout_ms, \
        consumer.retry_schedule_ms, consumer.on_dead, consumer.created_at, consumer.updated_at
        """

    package init(row: inout Row) throws {
        id = try row.next()
        bot = BotKey(tenant: try row.next(), bot: try row.next())
        kind = try row.next()
        name = try row.next()
        status = try row.next()
        url = try row.next()
        kinds = try row.next()
        ordering = try row.next()
        concurrency = Int(try row.next(Int32.self))
        timeout = .milliseconds(Int(try row.next(Int32.self)))
        schedule = try row.next([Int64].self).map { .milliseconds($0) }
        onDead = try row.next()
        createdAt = try row.next()
        updatedAt = try row.next()
    }
}
