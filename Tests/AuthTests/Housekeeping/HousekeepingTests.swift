import Platform
import Tenancy
import TestSupport
import Testing

@testable import Auth

@Suite("Housekeeping", .serialized, .timeLimit(.minutes(10)))
struct HousekeepingTests {
    @Test("What has had its time goes, in as many batches as it takes; what still counts stays")
    func clear() async throws {
        try await Fixture.with { fixture in
            let tenant = try await fixture.tenant()
            let rows = 2 * Housekeeping.batch + 7
            for statement: SQL in [
                """
                INSERT INTO idempotency_key (tenant_id, caller, key, answer_sealed, created_at)
                SELECT \(tenant.id), '', 'key ' || n, '', now() - interval '25 hours'
                FROM generate_series(1, \(rows)) AS n
                """,
                """
                INSERT INTO idempotency_key (tenant_id, caller, key, answer_sealed, created_at)
                VALUES (\(tenant.id), '', 'new', '', now() - interval '23 hours')
                """,
                """
                INSERT INTO sign_in_failure (subject, failures, last_at, blocked_until)
                VALUES (sha256('old'), 9, now() - interval '2 days', now() - interval '1 day'),
                    (sha256('new'), 9, now() - interval '1 minute', now())
                """,
            ] { try await fixture.superuser.withConnection { _ = try await $0.execute(statement) } }

            try await Housekeeping(loop: fixture.loop, database: fixture.database, logger: fixture.logger)
                .clear()

            for table in ["idempotency_key", "sign_in_failure"] {
                let left = try await fixture.superuser.withConnection { connection in
                    try await connection.value("SELECT count(*) FROM \(identifier: table)", as: Int64.self)
                }
                #expect(left == 1, "\(table)")
            }
        }
    }
}
