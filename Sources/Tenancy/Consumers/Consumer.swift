import Platform

/// A cursor over one bot's log: what of it the tenant's own server has got.
package struct Consumer: Sendable, Equatable, Identified {
    package static let prefix = "consumer"

    /// A replay delivers a past range of the log to where a push consumer delivers.
    package enum Kind: String, Sendable, PostgresCodable { case push, pull, replay }
    package enum Status: String, Sendable, PostgresCodable { case active, paused, disabled }
    /// Why the platform has changed the status by itself.
    package enum StatusReason: String, Sendable, PostgresCodable {
        /// The endpoint answered 410: paused.
        case gone
        /// Nothing could be delivered for `disableAfter`: disabled.
        case failing
    }
    package enum Ordering: String, Sendable, PostgresCodable { case lane, none }
    /// What happens to a lane whose first update has used up its attempts.
    package enum OnDead: String, Sendable, PostgresCodable { case skip, park }

    package internal(set) var id: ID<Consumer>
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
    /// How long what a puller got stays its own without an acknowledgement.
    package var visibility: Duration
    /// After so long without a success it is disabled; nil: never.
    package var disableAfter: Duration?
    package var statusReason: StatusReason?
    /// The first failure after which nothing has succeeded.
    package var failingSince: Timestamp?
    /// When somebody last changed its delivery rows from outside.
    package var lanesChangedAt: Timestamp?
    package let createdAt: Timestamp
    package let updatedAt: Timestamp
}

extension Consumer: RowDecodable {
    static let columns: SQL = """
        consumer.id, consumer.tenant_id, consumer.bot_id, consumer.type, consumer.name, consumer.status, \
        consumer.url, consumer.kinds, consumer.ordering, consumer.concurrency, consumer.timeout_ms, \
        consumer.retry_schedule_ms, consumer.on_dead, consumer.visibility_ms, consumer.disable_after_ms, \
        consumer.status_reason, consumer.failing_since, consumer.lanes_changed_at, consumer.created_at, consumer.updated_at
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
        visibility = .milliseconds(Int(try row.next(Int32.self)))
        disableAfter = try row.next(Int64?.self).map { .milliseconds($0) }
        statusReason = try row.next()
        failingSince = try row.next()
        lanesChangedAt = try row.next()
        createdAt = try row.next()
        updatedAt = try row.next()
    }
}
