import Platform
import Tenancy

extension Fixture {
    /// A pull consumer that begins at the end of the log.
    package func pullConsumer(
        of bot: Bot, kinds: [String]? = nil, ordering: Consumer.Ordering = .lane,
        visibility: Duration = .seconds(600)
    ) async throws -> ID<Consumer> {
        let id = ID<Consumer>()
        try await database.write(bot.tenant) { tx in
            try await tx.execute(
                """
                INSERT INTO consumer (tenant_id, id, bot_id, type, name, kinds, ordering, visibility_ms)
                VALUES (\(tx.tenant), \(id), \(bot.id), 'pull', 'Puller', \(kinds), \(ordering),
                    \(Int32(visibility.milliseconds)))
                """)
            try await tx.execute(
                """
                INSERT INTO consumer_cursor (tenant_id, consumer_id, position, express_position)
                SELECT \(tx.tenant), \(id), l.position, l.position
                FROM (SELECT coalesce(max(position), 0) AS position FROM update_log
                    WHERE tenant_id = \(tx.tenant) AND bot_id = \(bot.id)) AS l
                """)
        }
        return id
    }
}
