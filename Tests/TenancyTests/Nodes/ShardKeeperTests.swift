import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Shards of several nodes", .timeLimit(.minutes(10)))
struct ShardKeeperTests {
    @Test("Each of three nodes comes to hold its share, and no shard is ever two nodes'")
    func shares() async throws {
        try await Fixture.with { fixture in
            let watch = Happenings<String>()
            let first = try KeepingNode(fixture)
            try await fixture.balanced(first)
            let second = try KeepingNode(fixture)
            let third = try KeepingNode(fixture)
            let all = [first, second, third]
            let watching = Task(executorPreference: fixture.loop) {
                while !Task.isCancelled {
                    let held = all.flatMap { Array($0.leases.held) }
                    if Set(held).count != held.count { watch.add("\(held.sorted())") }
                    try? await fixture.loop.sleep(for: .milliseconds(1))
                }
            }

            try await fixture.balanced(first, second, third)
            watching.cancel()
            await watching.value

            #expect(watch.all == [])
            #expect(all.map(\.leases.count).allSatisfy { $0 >= 64 - 22 * 2 })
            for node in all { await node.die() }
        }
    }

    @Test("What a node gives back when it ends is another's at once, long before its lease would be over")
    func cleanEnd() async throws {
        try await Fixture.with { fixture in
            // Only a notice makes either look within the time that the test waits.
            let times = Node.Times(lease: .seconds(3600), interval: .seconds(1800))
            let first = try KeepingNode(fixture, times: times)
            try await fixture.balanced(first)
            let second = try KeepingNode(fixture, times: times)
            try await fixture.balanced(first, second)

            await first.end()

            try await fixture.balanced(second)
            #expect(try await fixture.shards(of: first) == 0)
            #expect(try await fixture.count("SELECT count(*) FROM node") == 1)
            await second.die()
        }
    }

    @Test("The shards of a node that is killed are another's when its lease is over, under new epochs")
    func killed() async throws {
        try await Fixture.with { fixture in
            let times = Node.Times(lease: .seconds(4), interval: .milliseconds(200))
            let first = try KeepingNode(fixture, times: times)
            try await fixture.balanced(first)
            let second = try KeepingNode(fixture, times: times)
            try await fixture.balanced(first, second)
            let before = first.leases.held

            await first.die()

            try await fixture.balanced(second)
            #expect(before.allSatisfy { (second.leases.epoch(of: $0) ?? 0) > 1 })
            await second.die()
        }
    }

    @Test(
        "A shard that is leaving is kept from others until nothing of it is under way, and nothing begins in it"
    )
    func leaving() async throws {
        try await Fixture.with { fixture in
            let (begun, release) = (Happenings<Int>(), Happenings<Int>())
            let first = try KeepingNode(fixture) { shard in
                begun.add(shard)
                _ = try? await release.wait("the release", on: fixture.loop, within: .seconds(600)) {
                    !$0.isEmpty
                }
            }
            try await fixture.balanced(first)

            let second = try KeepingNode(fixture)
            let leaving = try await begun.wait("shards to leave", on: fixture.loop) { !$0.isEmpty }
            // A whole look of both later.
            try await fixture.eventually("that the second node has registered") {
                try await fixture.count("SELECT count(*) FROM node") == 2
            }

            #expect(leaving.allSatisfy { first.leases.epoch(of: $0) == nil })
            #expect(leaving.allSatisfy { first.leases.keepsOthersOut(of: $0) })
            #expect(second.leases.count == 0)
            #expect(first.leases.count >= 64 - 8)
            #expect(try await fixture.shards(of: first) == 64)
            release.add(1)
            try await fixture.balanced(first, second)
            for node in [first, second] { await node.die() }
        }
    }

    @Test(
        "A node that wakes from a freeze longer than its lease holds nothing, and gets shares again like a new one"
    )
    func frozen() async throws {
        try await Fixture.with { fixture in
            let first = try KeepingNode(fixture)
            try await fixture.balanced(first)
            let epochs = (0..<Shard.count).map { first.leases.epoch(of: $0) }
            // What the others see of a node that is frozen: it lets its row and its leases run out.
            try await fixture.tamper("UPDATE shard SET expires_at = now() - interval '1 second'")
            try await fixture.tamper("DELETE FROM node")

            let second = try KeepingNode(fixture)
            // Both look now; who comes first does not matter.
            try await fixture.balanced(first, second)

            for shard in 0..<Shard.count {
                if let epoch = second.leases.epoch(of: shard) { #expect(epoch > epochs[shard] ?? 0) }
            }
            for node in [first, second] { await node.die() }
        }
    }

    @Test("A node that cannot end yet tells the others once, not on every look")
    func quietEnd() async throws {
        try await Fixture.with { fixture in
            let (begun, release) = (Happenings<Int>(), Happenings<Int>())
            let node = try KeepingNode(fixture) { shard in
                begun.add(shard)
                _ = try? await release.wait("the release", on: fixture.loop, within: .seconds(600)) {
                    !$0.isEmpty
                }
            }
            try await fixture.balanced(node)
            let ending = Task(executorPreference: fixture.loop) { await node.end() }
            try await begun.wait("all to leave", on: fixture.loop) { $0.count == Shard.count }

            try await Self.mark("first", node, fixture)
            try await Self.look(of: node, fixture)
            try await Self.look(of: node, fixture)
            try await Self.mark("second", node, fixture)

            let notices = node.notices.all
            let first = try #require(notices.firstIndex(of: "first"))
            #expect(notices[(first + 1)...] == ["second"])
            release.add(1)
            await ending.value
            #expect(try await fixture.shards(of: node) == 0)
        }
    }

    @Test("The transactions that lock shards and leases are ended by the database when their node is frozen")
    func frozenWithin() async throws {
        try await Fixture.with { fixture in
            try await fixture.tamper(
                """
                CREATE FUNCTION check_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                    IF current_setting('idle_in_transaction_session_timeout') <> '3s' THEN
                        RAISE 'locked for as long as its node is frozen';
                    END IF;
                    RETURN NEW;
                END $$
                """)
            for table: SQL in ["shard", "job_lease"] {
                try await fixture.tamper(
                    "CREATE TRIGGER check_frozen BEFORE UPDATE ON \(table) FOR EACH ROW EXECUTE FUNCTION check_frozen()"
                )
            }

            let node = try KeepingNode(fixture)

            try await fixture.balanced(node)
            #expect(
                try await JobLease(.deliveries, node: node.id, database: fixture.database).renew() != nil)
            await node.die()
        }
    }

    /// Tells all nodes, and waits until this one has heard it, and so all that was told before.
    private static func mark(_ text: String, _ node: KeepingNode, _ fixture: Fixture) async throws {
        _ = try await fixture.superuser.withConnection { connection in
            try await connection.execute("SELECT pg_notify(\(ShardKeeper.channel), \(text))")
        }
        try await node.notices.wait("the notice", on: fixture.loop) { $0.contains(text) }
    }

    /// Waits for the node's next look at the shards.
    private static func look(of node: KeepingNode, _ fixture: Fixture) async throws {
        let last = try await renewal(fixture)
        try await fixture.eventually("a look") { try await renewal(fixture) > last }
    }

    private static func renewal(_ fixture: Fixture) async throws -> Timestamp {
        let newest = try await fixture.superuser.withConnection { connection in
            try await connection.value("SELECT max(expires_at) FROM shard", as: Timestamp.self)
        }
        return try #require(newest)
    }

    @Test("A node that ends does not wait for a database that does not answer")
    func endWithoutDatabase() async throws {
        try await Fixture.with { fixture in
            let pool = try fixture.systemPool(limit: 1, waitLimit: 0)
            let database = Database(tenants: fixture.superuser, system: pool)
            let leases = ShardLeases()
            let keeper = ShardKeeper(
                loop: fixture.loop, database: database, node: ID(), leases: leases, logger: fixture.logger
            ) { _ in }
            let running = Task(executorPreference: fixture.loop) { try? await keeper.run() }
            try await fixture.eventually("the shards") { leases.holdsAll }

            try await pool.withConnection { _ in await keeper.end(until: .now + .seconds(3600)) }

            running.cancel()
            await running.value
            await pool.close()
        }
    }
}
