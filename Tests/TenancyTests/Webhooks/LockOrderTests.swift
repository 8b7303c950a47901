import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("The order of locks", .timeLimit(.minutes(10)))
struct LockOrderTests {
    private struct Pair: Sendable {
        let fixture: Fixture
        // In the order of their ids.
        let first: Bot
        let second: Bot
    }

    @Test("What was found about several bots is written in the order of their ids")
    func results() async throws {
        for isLook in [true, false] {
            try await expectOrder(holding: "bot_webhook", by: "bot_id") { pair in
                let secrets = pair.fixture.bots
                try await pair.fixture.tamper("UPDATE bot_webhook SET next_check_at = now()")
                return try await pair.fixture.database.job { tx in
                    let works = try await BotWork.claimDue(2, checkedBefore: .now, box: secrets, in: tx)
                    return works.sorted { $0.bot.id.suffix > $1.bot.id.suffix }.map {
                        CheckResult(
                            claimed: $0, pendingUpdateCount: 0, checkedAt: isLook ? .now : nil,
                            nextCheckAt: .now + .seconds(60))
                    }
                }
            } act: { pair, results in
                try await pair.fixture.database.job { tx in try await CheckResult.save(results, in: tx) }
            }
        }
    }

    @Test("So is what is shown of several bots that poll")
    func pollStates() async throws {
        try await expectOrder(holding: "bot_webhook", by: "bot_id") { pair in
            try await pair.fixture.tamper("UPDATE bot SET transport = 'polling'")
        } act: { pair, _ in
            try await pair.fixture.database.job { tx in
                try await PollState.save(
                    [pair.first.key: .failing("x"), pair.second.key: .failing("x")], in: tx)
            }
        }
    }

    @Test("A rollback locks bots in the order of their ids, and then their webhooks")
    func rollback() async throws {
        for (table, column) in [("bot", "id"), ("bot_webhook", "bot_id")] {
            try await expectOrder(holding: table, by: column) { _ in
            } act: { pair, _ in
                try await pair.fixture.database.job { tx in
                    _ = try await Bot.roll(.usePolling, tenant: nil, after: nil, in: tx)
                }
            }
        }
    }

    @Test("So does whoever has all bots looked at")
    func expediteAll() async throws {
        try await expectOrder(holding: "bot_webhook", by: "bot_id") { _ in
        } act: { pair, _ in
            try await Webhook.expediteAll(in: pair.fixture.database)
        }
    }

    @Test("So does whoever deletes a tenant, and gives the Telegram bots free when all are locked")
    func deleteAll() async throws {
        for (table, column) in [("bot", "id"), ("bot_webhook", "bot_id"), ("bot_registration", "bot_id")] {
            let held = table == "bot_registration" ? ("bot", "id") : (table, column)
            try await expectOrder(holding: held.0, by: held.1, second: (table, column)) { _ in
            } act: { pair, _ in
                try await pair.fixture.database.write(pair.first.tenant) { tx in
                    try await Bot.deleteAll(in: tx)
                }
            }
        }
    }

    // MARK: Pieces

    /// Holds the first bot's row, and looks whether `act`, which waits for it, has the second one's already.
    /// - Parameter second: where to look, when not in the same table.
    private func expectOrder<T: Sendable>(
        holding table: String, by column: String, second: (table: String, column: String)? = nil,
        arrange: @escaping @Sendable (Pair) async throws -> T,
        act: @escaping @Sendable (Pair, T) async throws -> Void
    ) async throws {
        let other = second ?? (table, column)
        try await Fixture.with { fixture in
            let tenant = try await fixture.tenant()
            let bots = [try await fixture.bot(in: tenant), try await fixture.bot(in: tenant)]
                .sorted { $0.id.suffix < $1.id.suffix }
            let pair = Pair(fixture: fixture, first: bots[0], second: bots[1])
            let arranged = try await arrange(pair)
            // A scan of the table comes to the second first.
            for bot in bots.reversed() {
                try await fixture.tamper("UPDATE bot SET name = 'Crow' WHERE id = \(bot.id)")
                try await fixture.tamper("UPDATE bot_webhook SET updated_at = now() WHERE bot_id = \(bot.id)")
            }

            let isFree = try await fixture.isFree(
                "\(SQL(trusted: other.table)) WHERE \(SQL(trusted: other.column)) = \(bots[1].id)",
                whileHolding: "\(SQL(trusted: table)) WHERE \(SQL(trusted: column)) = \(bots[0].id)"
            ) { try await act(pair, arranged) }

            #expect(isFree, "\(other.table)")
        }
    }
}

extension Fixture {
    /// Runs `act` while a row is held that it waits for.
    /// - Parameters:
    ///   - other: of another row, table and condition.
    ///   - row: of the row that is held.
    /// - Returns: whether nobody has locked the other row meanwhile.
    func isFree(
        _ other: SQL, whileHolding row: SQL, _ act: @escaping @Sendable () async throws -> Void
    ) async throws -> Bool {
        let (isFree, acting) = try await superuser.transaction(nil, readOnly: false) { holder in
            try await holder.execute("SELECT FROM \(row) FOR UPDATE")
            let acting = Task(executorPreference: loop) { try await act() }
            try await eventually("somebody who waits for the lock", within: .seconds(30)) {
                try await count(
                    """
                    SELECT count(*) FROM pg_stat_activity
                    WHERE wait_event_type = 'Lock' AND datname = current_database()
                    """) > 0
            }
            let free = try await count(
                "SELECT count(*) FROM (SELECT FROM \(other) FOR UPDATE SKIP LOCKED) AS free")
            return (free == 1, acting)
        }
        try await acting.value
        return isFree
    }
}
