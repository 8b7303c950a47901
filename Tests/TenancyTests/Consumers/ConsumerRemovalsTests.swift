import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Clearing up after deleted consumers", .timeLimit(.minutes(10)))
struct ConsumerRemovalsTests {
    @Test(
        "Rows that come late are cleared up too, as long as the removal is looked after; then it is done with"
    )
    func late() async throws {
        try await Fixture.with { fixture in
            let nests = try await Nests(fixture)
            let nest = nests.owner
            let removals = ConsumerRemovals(
                loop: fixture.loop, database: fixture.database, logger: fixture.logger)
            func rows() async throws -> [Int] {
                [
                    try await fixture.count("SELECT count(*) FROM delivery"),
                    try await fixture.count("SELECT count(*) FROM delivery_attempt"),
                    try await fixture.count("SELECT count(*) FROM consumer_removal"),
                ]
            }

            let deleted = try await fixture.database.write(nest.tenant.id) { tx in
                try await Consumer.delete(nest.consumer.id, in: tx) { _ in }
            }
            let before = try await rows()
            try await removals.clear()
            let cleared = try await rows()
            _ = try await fixture.tamper(
                """
                INSERT INTO delivery_attempt (tenant_id, consumer_id, day, position, update_id, attempt,
                    duration_ms, at)
                SELECT \(nest.tenant.id), \(nest.consumer.id), (now() AT TIME ZONE 'UTC')::date, n, n, 1, 1, now()
                FROM generate_series(1, 1500) AS n
                """)
            try await removals.clear(lookedAfter: .zero)
            let done = try await rows()

            #expect(deleted?.id == nest.consumer.id)
            #expect(before == [2, 2, 1])
            #expect(cleared == [1, 1, 1])
            #expect(done == [1, 1, 0])
        }
    }

    @Test("Another tenant's consumer is not deleted, and a refusal leaves all as it is")
    func refused() async throws {
        struct No: Error {}
        try await Fixture.with { fixture in
            let nests = try await Nests(fixture)
            let bare = Database(tenants: fixture.superuser, system: fixture.superuser)

            let foreign = try await bare.write(nests.owner.tenant.id) { tx in
                try await Consumer.delete(nests.stranger.consumer.id, in: tx) { _ in }
            }
            await #expect(throws: No.self) {
                try await fixture.database.write(nests.owner.tenant.id) { tx in
                    _ = try await Consumer.delete(nests.owner.consumer.id, in: tx) { _ in throw No() }
                }
            }

            #expect(foreign == nil)
            #expect(try await fixture.count("SELECT count(*) FROM consumer") == 2)
            #expect(try await fixture.count("SELECT count(*) FROM consumer_removal") == 0)
        }
    }

    @Test("Attempts of one update are found in short pages, and none is missed")
    func window() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let consumer = try await fixture.consumer(of: bot, url: "https://example.com/")
            _ = try await fixture.tamper(
                """
                INSERT INTO delivery_attempt (tenant_id, consumer_id, day, position, update_id, attempt,
                    duration_ms, at)
                SELECT \(bot.tenant), \(consumer.id), (now() AT TIME ZONE 'UTC')::date, n,
                    CASE WHEN n = 2 THEN 7 ELSE 8 END, 1, 1, now() FROM generate_series(1, 7) AS n
                """)

            var (pages, next): ([[Int64]], Int64?) = ([], nil)
            repeat {
                let before = next
                let listing = try await fixture.database.read(bot.tenant) { tx in
                    try await AttemptRecord.list(
                        of: consumer.id, update: 7, before: before, limit: 5, lookingThrough: 3, in: tx)
                }
                pages.append(listing.attempts.map(\.position))
                next = listing.next
            } while next != nil && pages.count < 10

            #expect(pages == [[], [2], []])
        }
    }
}
