import Platform

/// The order of the log, over all nodes and loops: positions become visible in the order in which they were drawn,
/// though one append waits for the disk while the next one already inserts.
///
/// An append holds `inserting` while it draws positions and inserts, and takes `committing`, which it keeps to the
/// end of its transaction, before it lets go of `inserting`. So appends commit in the order in which they inserted.
///
///     append 1   inserting ─────────── committing ───── fsync ─────┐
///     append 2             (waits)  └▶ inserting ────── (waits) ───┴▶ committing ───── fsync ─────
///
/// An append may thus insert while the one before it is not yet visible. That leaves uniqueness within a day to the
/// table's key, which waits for the other transaction. Across midnight it would not do, since what yesterday's
/// partition holds is looked up: so in the first minute of a day `committing` is taken before the insert.
extension UpdateLog {
    /// Any numbers will do that nothing else in the database uses.
    private static let inserting: Int64 = 0x726F_6F6B_6C6F_68
    private static let committing: Int64 = 0x726F_6F6B_6C6F_67

    /// Appends in one round trip. The caller's COMMIT makes it durable and visible; until then, the next append may
    /// be sent on another connection, and comes after this one.
    /// - Parameter notices: statements for whoever delivers; they take effect with the commit.
    /// - Returns: how many were not in the log before.
    static func append(
        _ updates: some Collection<NewUpdate>, notices: [SQL], in transaction: PostgresTransaction
    ) async throws -> Int {
        let day: SQL = "(statement_timestamp() AT TIME ZONE 'UTC')"
        do {
            let results = try await transaction.pipeline(
                [
                    "SELECT pg_advisory_lock(\(inserting))",
                    "SELECT pg_advisory_xact_lock(\(committing)) WHERE \(day)::time < '00:01:00'",
                    insert(updates),
                    "SELECT pg_advisory_xact_lock(\(committing))",
                    "SELECT pg_advisory_unlock_all()",
                ] + notices)
            return results[2].affectedRows
        } catch {
            await release(transaction)
            throw error
        }
    }

    /// `inserting` belongs to the connection, not to the transaction, and must not stay held. Where this cannot be
    /// sent the connection is broken, and the server lets go of the lock with it.
    private static func release(_ transaction: PostgresTransaction) async {
        _ = try? await transaction.query("ROLLBACK")
        _ = try? await transaction.query("SELECT pg_advisory_unlock_all()")
    }

    private static func insert(_ updates: some Collection<NewUpdate>) -> SQL {
        """
        INSERT INTO update_log (tenant_id, bot_id, day, position, update_id, kind, lane, chat_id, deadline,
            received_at, payload)
        SELECT tenant_id, bot_id, (statement_timestamp() AT TIME ZONE 'UTC')::date,
            nextval('update_log_position'), update_id, kind, lane, chat_id, deadline, statement_timestamp(),
            payload
        FROM (
            SELECT u.*
            FROM unnest(\(updates.map(\.tenant)), \(updates.map(\.bot)), \(updates.map(\.head.updateID)),
                \(updates.map(\.head.kind)), \(updates.map(\.head.lane)), \(updates.map(\.head.chatID)),
                \(updates.map(\.deadline)), \(updates.map { JSONBytes($0.payload) })) WITH ORDINALITY
                AS u (tenant_id, bot_id, update_id, kind, lane, chat_id, deadline, payload, place)
            WHERE NOT EXISTS (
                SELECT FROM update_log AS y
                WHERE y.tenant_id = u.tenant_id AND y.bot_id = u.bot_id AND y.update_id = u.update_id
                    AND y.day = (statement_timestamp() AT TIME ZONE 'UTC')::date - 1)
            ORDER BY u.place) AS new
        ON CONFLICT (tenant_id, bot_id, update_id, day) DO NOTHING
        """
    }
}
