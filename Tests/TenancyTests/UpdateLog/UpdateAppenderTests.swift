import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Update appender", .serialized, .timeLimit(.minutes(10)))
struct UpdateAppenderTests {
    @Test("What two loops append at the same time is stored once, and both are told it is there")
    func concurrentDuplicates() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let (otherLoop, otherDatabase) = try fixture.other()
            let first = fixture.appender()
            let second = UpdateAppender(
                loop: otherLoop, database: otherDatabase, turns: AppendTurns(), metrics: Metrics(),
                deliveries: Deliveries([], leases: ShardLeases()))

            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<300 {
                    let update = try fixture.message(Int64(number), to: bot)
                    group.addTask(executorPreference: fixture.loop) { try await first.append(update) }
                    group.addTask(executorPreference: otherLoop) { try await second.append(update) }
                    group.addTask(executorPreference: otherLoop) { try await second.append(update) }
                }
                try await group.waitForAll()
            }

            #expect(try await fixture.count("SELECT count(*) FROM update_log") == 300)
            #expect(try await fixture.count("SELECT count(DISTINCT update_id) FROM update_log") == 300)
        }
    }

    @Test("What is in yesterday's partition is not stored again, what is older is")
    func overMidnight() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let appender = fixture.appender()
            for number in Int64(1)...2 { try await appender.append(fixture.message(number, to: bot)) }
            try await fixture.tamper(
                """
                UPDATE update_log SET day = (now() AT TIME ZONE 'UTC')::date - 1 WHERE update_id = 1
                """)

            try await appender.append(fixture.message(1, to: bot))
            try await appender.append(fixture.message(2, to: bot))
            try await appender.append(fixture.message(3, to: bot))

            let stored = try await fixture.superuser.withConnection { connection in
                try await connection.values(
                    "SELECT update_id FROM update_log ORDER BY position", as: Int64.self)
            }
            #expect(stored == [1, 2, 3])
        }
    }

    @Test("What repeats within a batch, or repeats one before, is left out and nothing else is")
    func repetitions() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let appender = fixture.appender()
            func append(_ numbers: [Int64]) async throws {
                let refused = try await appender.append(
                    contentsOf: numbers.map { try fixture.message($0, to: bot) })
                #expect(refused == [])
            }

            // The first that repeats is not looked out for; those soon after it are.
            try await append([1, 2])
            try await append([3, 2, 4, 4])
            try await append([5, 1, 6])

            let stored = try await fixture.superuser.withConnection { connection in
                try await connection.values(
                    "SELECT update_id FROM update_log ORDER BY position", as: Int64.self)
            }
            #expect(stored == [1, 2, 3, 4, 5, 6])
            #expect(fixture.metrics.counter("rookery_updates_stored_total", "").value == 6)
            #expect(fixture.metrics.counter("rookery_updates_repeated_total", "").value == 3)
        }
    }

    @Test("The same update_id of another bot is another update")
    func otherBot() async throws {
        try await Fixture.with { fixture in
            let tenant = try await fixture.tenant()
            let (first, second) = (try await fixture.bot(in: tenant), try await fixture.bot(in: tenant))
            let appender = fixture.appender()

            try await appender.append(fixture.message(1, to: first))
            try await appender.append(fixture.message(1, to: second))

            #expect(try await fixture.count("SELECT count(*) FROM update_log") == 2)
        }
    }

    @Test("A reader that has seen a position never meets a smaller one later, whoever appends")
    func orderOfAppearance() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let (otherLoop, otherDatabase) = try fixture.other()
            let first = fixture.appender()
            let second = UpdateAppender(
                loop: otherLoop, database: otherDatabase, turns: AppendTurns(), metrics: Metrics(),
                deliveries: Deliveries([], leases: ShardLeases()))
            let finished = Happenings<Int>()
            let appending = Task(executorPreference: fixture.loop) {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for part in 0..<20 {
                        let (loop, appender) = part % 2 == 0 ? (fixture.loop, first) : (otherLoop, second)
                        group.addTask(executorPreference: loop) {
                            for number in 0..<50 {
                                let id = Int64(part * 1000 + number)
                                try await appender.append(fixture.message(id, chat: Int64(part), to: bot))
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                finished.add(1)
            }

            var seen: [Int64] = []
            while finished.all.isEmpty {
                let all = try await fixture.superuser.withConnection { connection in
                    try await connection.values(
                        "SELECT position FROM update_log ORDER BY position", as: Int64.self)
                }
                #expect(Array(all.prefix(seen.count)) == seen)
                guard all.starts(with: seen) else { break }
                seen = all
                try await fixture.loop.sleep(for: .milliseconds(1))
            }

            try await appending.value
            #expect(try await fixture.count("SELECT count(*) FROM update_log") == 1000)
        }
    }

    @Test("An append waits for one that has drawn its positions and is not committed")
    func waitsForEarlier() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let appender = fixture.appender()
            let (early, late) = (try fixture.message(1, to: bot), try fixture.message(2, to: bot))

            let appending = try await fixture.database.system.transaction(nil, readOnly: false) { tx in
                for statement in UpdateLog.append([early], mayRepeat: false) {
                    _ = try await tx.query(statement)
                }
                let appending = Task(executorPreference: fixture.loop) { try await appender.append(late) }
                try await fixture.eventually("the second to wait") {
                    try await fixture.count(
                        """
                        SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
                            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                        """) > 0
                }
                return appending
            }
            try await appending.value

            let stored = try await fixture.superuser.withConnection { connection in
                try await connection.values(
                    "SELECT update_id FROM update_log ORDER BY position", as: Int64.self)
            }
            #expect(stored == [1, 2])
        }
    }

    @Test("Updates that one loop takes in are logged in the order in which they came")
    func orderWithinBatches() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let appender = fixture.appender()

            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<1500 {
                    let update = try fixture.message(Int64(5000 - number), to: bot)
                    group.addTask(executorPreference: fixture.loop) { try await appender.append(update) }
                }
                try await group.waitForAll()
            }

            let stored = try await fixture.superuser.withConnection { connection in
                try await connection.values(
                    "SELECT update_id FROM update_log ORDER BY position", as: Int64.self)
            }
            #expect(stored == (0..<1500).map { Int64(5000 - $0) })
        }
    }

    @Test("Nodes that hold the bots' shards are told with the commit")
    func announcement() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let notices = Happenings<String>()
            let listener = PostgresListener(
                loop: fixture.loop, configuration: fixture.testDatabase.configuration,
                channels: [Deliveries.channel], blocking: fixture.blocking, logger: fixture.logger
            ) {
                notices.add($0.payload)
            } onReconnect: {
                notices.add("listening")
            }
            listener.start()
            try await notices.wait("the listener", on: fixture.loop) { !$0.isEmpty }

            try await fixture.appender().append(fixture.message(1, to: bot))

            let told = try await notices.wait("the notice", on: fixture.loop) { $0.count > 1 }
            #expect(told.last == "\(bot.tenant.uuid)/\(bot.id.uuid)")
            listener.stop()
        }
    }

    @Test("Without a partition for today appending fails, and goes on when there is one")
    func missingPartition() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let appender = fixture.appender()
            try await fixture.dropLogPartitions()

            await #expect(throws: PostgresError.self) {
                try await appender.append(fixture.message(1, to: bot))
            }
            try await LogPartitions(database: fixture.database, loop: fixture.loop, logger: fixture.logger)
                .makeAhead()
            try await appender.append(fixture.message(1, to: bot))

            #expect(try await fixture.count("SELECT count(*) FROM update_log") == 1)
        }
    }
}
