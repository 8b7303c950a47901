import Platform
import TestSupport
import Testing

@testable import Tenancy

/// The second net alone: queries that forget to name the tenant.
@Suite("Row-level security without the application's predicate", .serialized, .timeLimit(.minutes(10)))
struct RowLevelSecurityTests {
    @Test("A tenant's transaction sees its own rows of each table, and no others")
    func reading() async throws {
        try await Fixture.with { fixture in
            let nests = try await Nests(fixture)

            for table in Nests.tables {
                let column = Nests.tenantColumn(of: table)
                let seen = try await fixture.database.read(nests.owner.tenant.id) { tx in
                    try await tx.all(
                        "SELECT \(identifier: column) FROM \(identifier: table)", as: TenantColumn.self)
                }
                #expect(seen.map(\.tenant) == [nests.owner.tenant.id], "\(table)")
            }
        }
    }

    private static let changes = [
        ("tenant", "UPDATE tenant SET name = 'taken'"), ("bot", "UPDATE bot SET name = 'taken'"),
        ("consumer", "UPDATE consumer SET name = 'taken'"),
        ("consumer_cursor", "UPDATE consumer_cursor SET position = 99"),
        ("delivery", "UPDATE delivery SET last_error = 'taken'"),
        ("bot_registration", "DELETE FROM bot_registration"),
    ]

    @Test("A change of all rows changes a tenant's own only")
    func changing() async throws {
        try await Fixture.with { fixture in
            let nests = try await Nests(fixture)

            for (table, statement) in Self.changes {
                let before = try await rows(of: nests.stranger, table, fixture)
                let changed = try await fixture.database.write(nests.owner.tenant.id) { tx in
                    try await tx.execute(SQL(trusted: statement))
                }

                let after = try await rows(of: nests.stranger, table, fixture)
                #expect(changed == 1, "\(table)")
                #expect(before.count == 1 && after == before, "\(table)")
            }
        }
    }

    private static let forbidden = [
        "DELETE FROM tenant", "DELETE FROM bot", "DELETE FROM update_log", "UPDATE update_log SET kind = 'x'",
        "DELETE FROM delivery", "DELETE FROM delivery_attempt", "UPDATE delivery_attempt SET error = 'x'",
        "UPDATE bot_registration SET telegram_id = 5", "TRUNCATE bot", "DROP TABLE bot",
        "ALTER TABLE bot DISABLE ROW LEVEL SECURITY", "CREATE TABLE egg (id int)", "SELECT * FROM shard",
        "SELECT make_day_partitions(1)", "UPDATE schema_migration SET version = 0",
    ]

    @Test("What the program never does to a table it may not do")
    func notGranted() async throws {
        try await Fixture.with { fixture in
            let tenant = try await fixture.tenant()

            for statement in Self.forbidden {
                let state = await failure {
                    try await fixture.database.write(tenant.id) { tx in
                        _ = try await tx.execute(SQL(trusted: statement))
                    }
                }
                #expect(state == "42501", "\(statement)")
            }
        }
    }

    @Test("A row cannot be put into another tenant, nor moved there")
    func planting() async throws {
        try await Fixture.with { fixture in
            let nests = try await Nests(fixture)
            let (owner, victim) = (nests.owner.tenant.id, nests.stranger.tenant.id)

            let planted = await failure {
                try await fixture.database.write(owner) { tx in
                    _ = try await tx.execute(
                        """
                        INSERT INTO bot (tenant_id, id, telegram_id, name, mode)
                        VALUES (\(victim), \(ID<Bot>()), 5, 'cuckoo', 'webhook')
                        """)
                }
            }
            let moved = await failure {
                try await fixture.database.write(owner) { tx in
                    _ = try await tx.execute("UPDATE consumer SET tenant_id = \(victim)")
                }
            }
            let consumer = await failure {
                try await fixture.database.write(owner) { tx in
                    _ = try await Consumer.createPush(
                        of: nests.stranger.bot.id, name: "cuckoo", url: "https://example.com",
                        signingSecret: "x", telegramSecret: nil, box: fixture.consumers, in: tx)
                }
            }

            #expect(planted == "42501")
            #expect(moved == "42501")
            #expect(consumer == "23503")
        }
    }

    @Test("Without a tenant a query fails, on a fresh connection and on one that had a tenant")
    func noTenant() async throws {
        try await Fixture.with { fixture in
            let nests = try await Nests(fixture)

            for table in Nests.tables {
                let states = try await fixture.database.tenants.withConnection { connection in
                    await failure { _ = try await connection.query("SELECT * FROM \(identifier: table)") }
                }
                #expect(states == "42704" || states == "22P02", "\(table)")
            }
            _ = try await fixture.database.read(nests.owner.tenant.id) { tx in try await Bot.all(in: tx) }
            let later = try await fixture.database.tenants.withConnection { connection in
                await failure { _ = try await connection.query("SELECT * FROM bot") }
            }

            #expect(later == "22P02" || later == "42704")
        }
    }

    private struct TenantColumn: RowDecodable {
        let tenant: ID<Tenant>
        init(row: inout Row) throws { tenant = try row.next() }
    }

    /// As text, by a superuser.
    private func rows(of nest: Nests.Nest, _ table: String, _ fixture: Fixture) async throws -> [String] {
        try await fixture.superuser.withConnection { connection in
            try await connection.values(
                """
                SELECT t::text FROM \(identifier: table) AS t
                WHERE \(identifier: Nests.tenantColumn(of: table)) = \(nest.tenant.id)
                """, as: String.self)
        }
    }
}
