import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("A new address of the installation", .serialized, .timeLimit(.minutes(10)))
struct ExpediteAllTests {
    @Test("All bots whose webhook has it are looked at, of every tenant, and no others")
    func expediteAll() async throws {
        try await Fixture.with { fixture in
            let (nest, other) = (try await fixture.tenant(), try await fixture.tenant())
            let bots = [
                try await fixture.bot(in: nest), try await fixture.bot(in: other, mode: .hybrid),
                try await fixture.bot(in: nest, mode: .polling), try await fixture.bot(in: nest),
                try await fixture.bot(in: nest),
            ]
            _ = try await fixture.superuser.withConnection { connection in
                try await connection.execute(
                    "UPDATE bot SET webhook_url = 'https://own.test/hook' WHERE id = \(bots[3].id)")
                try await connection.execute("UPDATE bot SET status = 'blocked' WHERE id = \(bots[4].id)")
                try await connection.execute("UPDATE bot_webhook SET last_checked_at = now()")
            }

            try await Webhook.expediteAll(in: fixture.database)

            let due = try await fixture.superuser.withConnection { connection in
                try await connection.values(
                    """
                    SELECT bot_id FROM bot_webhook WHERE next_check_at <= clock_timestamp() AND last_checked_at IS NULL
                    """, as: ID<Bot>.self)
            }
            #expect(Set(due) == [bots[0].id, bots[1].id])
        }
    }
}
