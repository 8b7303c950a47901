import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Pulling", .serialized, .timeLimit(.minutes(10)))
struct PullLookTests {
    @Test("Updates come in the order of the log, as Telegram sent them, and once")
    func order() async throws {
        try await Fixture.with { fixture in
            let run = try await PullRun(fixture)
            try await run.append((1...5).map { (Int64($0), Int64($0 % 2)) })

            let first = try await run.pull(3)
            let rest = try await run.pull(3)
            let none = try await run.pull(3)

            #expect(first.updates.map(\.updateID) == [1, 2, 3])
            #expect(first.hasMore)
            #expect(first.updates[0].payload == JSONBytes(try fixture.message(1, to: run.bot).payload))
            // What is left is behind what is out, in both lanes.
            #expect(rest.updates.isEmpty && !rest.hasMore)
            #expect(none.updates.isEmpty)
        }
    }

    @Test("A lane is one puller's until all it has of it is acknowledged, and the cursor follows")
    func lanes() async throws {
        try await Fixture.with { fixture in
            let run = try await PullRun(fixture)
            try await run.append([(1, 10), (2, 20), (3, 10), (4, 20)])

            let one = try await run.pull(1)
            let two = try await run.pulled()
            try await run.append([(5, 10), (6, 30)])
            let three = try await run.pulled()
            let position = try #require(one.updates.first).position
            let count = try await run.acknowledge(.positions([position, position + 100_000]))
            let cursor = try await run.cursor()
            let four = try await run.pulled()

            #expect(one.updates.map(\.updateID) == [1])
            #expect(two == [2, 4])
            #expect(three == [6])
            #expect(count == 1)
            #expect(cursor?.position == position)
            #expect(four == [3, 5])
        }
    }

    @Test("Without ordering an update waits for none before it")
    func unordered() async throws {
        try await Fixture.with { fixture in
            let run = try await PullRun(fixture, ordering: .none)
            try await run.append([(1, 1), (2, 1), (3, 1)])

            let pulls = [try await run.pulled(1), try await run.pulled(1), try await run.pulled(1)]

            #expect(pulls == [[1], [2], [3]])
        }
    }

    @Test("What is acknowledged above a gap is settled, and the cursor goes over it when the gap is closed")
    func gaps() async throws {
        try await Fixture.with { fixture in
            let run = try await PullRun(fixture)
            let before = try #require(try await run.cursor())
            try await run.append([(1, 1), (2, 2), (3, 3)])
            let positions = try await run.pull().updates.map(\.position)

            try await run.acknowledge(.positions([positions[1], positions[2]]))
            let above = try await run.cursor()
            let again = try await run.acknowledge(.positions([positions[1]]))
            let last = try await run.acknowledge(.upTo(positions[2]))
            let end = try await run.cursor()

            #expect(before.position < positions[0])
            #expect(above?.position == positions[0] - 1)
            #expect(above?.settled == [positions[1], positions[2]])
            #expect(again == 0)
            #expect(last == 1)
            #expect(end?.position == positions[2] && end?.settled == [])
            #expect(try await run.count("SELECT count(*) FROM pull_handout") == 0)
        }
    }

    @Test("What is not acknowledged in time is given again, its lane in order, and nothing behind it before")
    func visibility() async throws {
        try await Fixture.with { fixture in
            let run = try await PullRun(fixture)
            try await run.append([(1, 1), (2, 1), (3, 2)])
            let first = try await run.pulled()
            try await run.append([(4, 1)])
            let meanwhile = try await run.pulled()

            try await run.letTimePass()
            let again = try await run.pulled(1)
            let rest = try await run.pulled()

            #expect(first == [1, 2, 3])
            #expect(meanwhile == [])
            #expect(again == [1])
            #expect(rest == [3])
            #expect(try await run.count("SELECT sum(times)::bigint FROM pull_handout") == 5)
        }
    }

    @Test("Two at once never get updates of one lane, and together get every lane")
    func atOnce() async throws {
        try await Fixture.with { fixture in
            let run = try await PullRun(fixture)
            try await run.append((1...100).map { (Int64($0), Int64($0 % 7)) })

            let batches = try await withThrowingTaskGroup(of: [PulledUpdate].self) { group in
                for _ in 0..<8 { group.addTask { try await run.pull(3).updates } }
                return try await group.reduce(into: [[PulledUpdate]]()) { $0.append($1) }
            }

            let lanes = batches.map { Set($0.map { $0.updateID % 7 }) }
            #expect(lanes.reduce(0) { $0 + $1.count } == 7)
            #expect(Set(lanes.joined()).count == 7)
            #expect(Set(batches.joined().map(\.updateID)).count == batches.joined().count)
        }
    }

    @Test("Updates with a deadline come before a backlog; one whose time is over is expired and not given")
    func express() async throws {
        try await Fixture.with { fixture in
            let run = try await PullRun(fixture)
            try await run.append((1...5).map { (Int64($0), Int64($0)) })
            try await run.append([run.query(6), run.query(7, user: 2)])
            try await run.change(
                "UPDATE update_log SET deadline = clock_timestamp() - interval '1 second' WHERE update_id = 6"
            )

            let first = try await run.pulled(2)
            let second = try await run.pulled(10)
            let last = try await run.lastPosition()
            let count = try await run.acknowledge(.upTo(last))

            #expect(first == [1, 7])
            #expect(second == [2, 3, 4, 5])
            #expect(count == 6)
            #expect(
                try await run.count("SELECT update_id FROM delivery WHERE status = 'expired'") == 6)
            #expect(try await run.cursor()?.position == last)
            #expect(try await run.cursor(express: true)?.position == last)
        }
    }

    @Test("Kinds that the consumer does not take are passed over, however many")
    func kinds() async throws {
        try await Fixture.with { fixture in
            let run = try await PullRun(fixture, kinds: ["callback_query"])
            try await run.append((1...400).map { (Int64($0), Int64($0)) })
            try await run.append([run.query(1000)])

            let updates = try await run.pull(5).updates
            let empty = try await run.pulled()

            #expect(updates.map(\.updateID) == [1000])
            #expect(empty == [])
            #expect(try await run.cursor()?.position == updates[0].position)
        }
    }

    @Test("At most a thousand are out")
    func bounds() async throws {
        try await Fixture.with { fixture in
            let run = try await PullRun(fixture)
            for first in stride(from: 0, to: 1200, by: 400) {
                try await run.append((first..<first + 400).map { (Int64($0), Int64($0)) })
            }

            var counts: [Int] = []
            for _ in 0..<6 { counts.append(try await run.pulled(200).count) }
            let last = try await run.pull(200)
            try await run.acknowledge(.upTo(try await run.lastPosition()))

            #expect(counts == [200, 200, 200, 200, 200, 0])
            #expect(!last.hasMore)
            #expect(try await run.pulled(200).count == 200)
        }
    }

    @Test("What retention has moved the cursor past is out no more, and pulling goes on behind it")
    func retention() async throws {
        try await Fixture.with { fixture in
            let run = try await PullRun(fixture)
            try await run.append([(1, 1), (2, 1), (3, 1)])
            let out = try await run.pull(2).updates

            try await run.change("DELETE FROM update_log WHERE update_id < 3")
            try await run.change("UPDATE consumer_cursor SET position = \(out[1].position)")

            #expect(try await run.pulled() == [3])
            #expect(try await run.count("SELECT count(*) FROM pull_handout") == 1)
        }
    }

    @Test("Large updates end an answer before its limit, and one that is larger comes alone")
    func bytes() async throws {
        try await Fixture.with { fixture in
            let run = try await PullRun(fixture)
            let text = String(repeating: "x", count: 900_000)
            for id in Int64(1)...3 {
                try await run.append([try fixture.message(id, chat: id, text: text, to: run.bot)])
            }

            let first = try await run.pull()
            let second = try await run.pull()

            #expect(first.updates.map(\.updateID) == [1, 2])
            #expect(first.hasMore)
            #expect(second.updates.map(\.updateID) == [3])
        }
    }

    @Test("Where there is no room for what would be handed out, nothing is, and the next look gets it")
    func noRoom() async throws {
        struct Full: Error {}
        try await Fixture.with { fixture in
            let run = try await PullRun(fixture)
            let look = PullLook(run.consumer, limit: 2)
            let asked = Happenings<Int>()
            func lookWithoutRoom() async throws {
                _ = try await look.run(in: fixture.database, of: run.bot.tenant) { bytes in
                    asked.add(bytes)
                    throw Full()
                }
            }

            try await lookWithoutRoom()
            try await run.append([(1, 1), (2, 2), (3, 3)])
            await #expect(throws: Full.self) { try await lookWithoutRoom() }
            let out = try await run.count("SELECT count(*) FROM pull_handout")
            let next = try await run.pull(2).updates

            #expect(out == 0)
            #expect(next.map(\.updateID) == [1, 2])
            let bytes = next.reduce(0) { $0 + $1.payload.bytes.count }
            // What PostgreSQL needs to tell how long a value is counts, too.
            #expect(asked.all.count == 1 && asked.all.allSatisfy { (bytes...bytes + 8).contains($0) })
        }
    }

    @Test("A consumer that is no pull consumer, is paused, is another tenant's or is not there gives nothing")
    func refusals() async throws {
        try await Fixture.with { fixture in
            let run = try await PullRun(fixture)
            let push = try await fixture.consumer(of: run.bot, url: "https://example.com/x")
            func refusal(_ consumer: ID<Consumer>, _ tenant: ID<Tenant>) async -> String {
                do {
                    _ = try await PullLook(consumer, limit: 1).run(in: fixture.database, of: tenant)
                    return "none"
                } catch { return "\(error)" }
            }
            let stranger = try await fixture.tenant()

            #expect(await refusal(push.id, run.bot.tenant) == "notPull")
            #expect(await refusal(run.consumer, stranger.id) == "missing")
            #expect(await refusal(ID(), run.bot.tenant) == "missing")
            try await run.change("UPDATE consumer SET status = 'paused' WHERE id = \(run.consumer)")
            #expect(await refusal(run.consumer, run.bot.tenant) == "paused")
        }
    }

    @Test("Without row-level security, too, nobody pulls or acknowledges what is another tenant's")
    func predicates() async throws {
        try await Fixture.with { fixture in
            let run = try await PullRun(fixture)
            let stranger = try await fixture.tenant()
            let bare = Database(tenants: fixture.superuser, system: fixture.superuser)
            try await run.append([(1, 1)])
            let out = try await run.pulled()

            await #expect(throws: PullRefusal.missing) {
                try await PullLook(run.consumer, limit: 1).run(in: bare, of: stranger.id)
            }
            await #expect(throws: PullRefusal.missing) {
                try await bare.write(stranger.id) { tx in
                    try await PullAcknowledgement(run.consumer, .upTo(.max)).run(telling: run.waiters, in: tx)
                }
            }

            #expect(out == [1])
            #expect(try await run.count("SELECT count(*) FROM pull_handout") == 1)
        }
    }
}
