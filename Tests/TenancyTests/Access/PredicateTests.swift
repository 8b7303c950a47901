import Platform
import TestSupport
import Testing

@testable import Tenancy

/// The first net alone: the application's own queries, as a superuser whom no policy binds.
@Suite("The application's predicate without row-level security", .serialized, .timeLimit(.minutes(10)))
struct PredicateTests {
    @Test("A tenant does not see another's bots, secrets, consumers or updates")
    func reading() async throws {
        try await Fixture.with { fixture in
            let nests = try await Nests(fixture)
            let bare = Database(tenants: fixture.superuser, system: fixture.superuser)
            let (owner, victim) = (nests.owner, nests.stranger)

            let seen = try await bare.read(owner.tenant.id) { tx in
                (
                    bots: try await Bot.all(in: tx).map(\.id),
                    secrets: try await victim.bot.secrets(box: fixture.bots, in: tx)?.token,
                    consumers: try await Consumer.all(of: victim.bot.id, in: tx).map(\.id),
                    signing: try await victim.consumer.signingSecret(box: fixture.consumers, in: tx),
                    all: try await tx.all("SELECT id FROM bot", as: AnyID.self).count
                )
            }

            #expect(seen.bots == [owner.bot.id])
            #expect(seen.secrets == nil)
            #expect(seen.consumers.isEmpty)
            #expect(seen.signing == nil)
            #expect(seen.all == 2, "row-level security was not off")
        }
    }

    @Test("A tenant cannot change another's consumer")
    func changing() async throws {
        try await Fixture.with { fixture in
            let nests = try await Nests(fixture)
            let bare = Database(tenants: fixture.superuser, system: fixture.superuser)

            try await bare.write(nests.owner.tenant.id) { tx in
                try await nests.stranger.consumer.setURL("https://example.com/taken", in: tx)
            }

            let taken = try await fixture.count(
                "SELECT count(*) FROM consumer WHERE url LIKE '%taken'")
            #expect(taken == 0)
        }
    }

    @Test("The log is read by tenant and bot: a bot's id with another tenant's gives nothing")
    func log() async throws {
        try await Fixture.with { fixture in
            let nests = try await Nests(fixture)
            let bare = Database(tenants: fixture.superuser, system: fixture.superuser)
            let reader = LogReader(loop: fixture.loop, database: bare)
            let mixed = BotKey(tenant: nests.owner.tenant.id, bot: nests.stranger.bot.id)
            let right = BotKey(tenant: nests.stranger.tenant.id, bot: nests.stranger.bot.id)

            let nothing = try await reader.read(LogReader.Request(bot: mixed, after: 0, limit: 10))
            let something = try await reader.read(LogReader.Request(bot: right, after: 0, limit: 10))

            #expect(nothing.updates.isEmpty)
            #expect(something.updates.map(\.updateID) == [1])
        }
    }

    @Test("Cursors and delivery rows of another tenant are not taken, moved or removed")
    func deliveries() async throws {
        try await Fixture.with { fixture in
            let nests = try await Nests(fixture)
            let bare = Database(tenants: fixture.superuser, system: fixture.superuser)
            let mixed = BotKey(tenant: nests.owner.tenant.id, bot: nests.stranger.bot.id)
            let (consumer, epoch) = (nests.stranger.consumer, Int64(0))

            let cursor = try await fixture.superuser.withConnection { connection in
                try await ConsumerCursor.take(consumer.id, of: mixed, epoch: epoch, in: connection)
            }
            let progress = DeliveryJournal.Progress(
                bot: mixed, epoch: epoch, main: WindowProgress(cursor: 77),
                express: WindowProgress(cursor: 77))
            let moved = try await fixture.tamper(ConsumerCursor.move([consumer.id: progress]))
            let head = try await DeliveryRow.head(of: "chat:1", nests.owner.consumer, in: bare)
            await #expect(throws: DeliveryRow.Fault.notHeld) {
                try await head?.remove(
                    of: nests.stranger.consumer, epoch: epoch, thenHeadOf: "chat:1", in: bare)
            }

            #expect(cursor == nil)
            #expect(moved == 0)
            #expect(head != nil)
            #expect(try await fixture.count("SELECT count(*) FROM delivery") == 2)
        }
    }

    private struct AnyID: RowDecodable {
        let id: ID<Bot>
        init(row: inout Row) throws { id = try row.next() }
    }
}
