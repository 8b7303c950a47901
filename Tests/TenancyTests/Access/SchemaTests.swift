import Platform
import TestSupport
import Testing

@testable import Tenancy

/// What the catalogue must say, for tables to come too.
@Suite("Schema", .serialized, .timeLimit(.minutes(10)))
struct SchemaTests {
    @Test("The program's role owns nothing and can bypass nothing")
    func roles() async throws {
        try await Fixture.with { fixture in
            let powers = try await list(
                """
                SELECT rolname FROM pg_roles WHERE rolname IN ('rookery_app', 'rookery_system')
                    AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)
                """, fixture)
            let owned = try await list(
                """
                SELECT relname FROM pg_class WHERE pg_get_userbyid(relowner) LIKE 'rookery%'
                UNION ALL SELECT proname FROM pg_proc WHERE pg_get_userbyid(proowner) LIKE 'rookery%'
                UNION ALL SELECT nspname FROM pg_namespace WHERE pg_get_userbyid(nspowner) LIKE 'rookery%'
                """, fixture)
            let inherits = try await list(
                """
                SELECT 'inherits' WHERE pg_has_role('rookery_app', 'rookery_system', 'USAGE')
                UNION ALL SELECT 'is a member' WHERE pg_has_role('rookery_app', 'rookery_system', 'MEMBER')
                """, fixture)

            #expect(powers.isEmpty)
            #expect(owned.isEmpty)
            #expect(inherits == ["is a member"])
        }
    }

    @Test("Rows of all tenants are seen only by one who has put rookery_system on")
    func systemRole() async throws {
        try await Fixture.with { fixture in
            _ = try await Nests(fixture)

            let plain = try await fixture.database.tenants.withConnection { connection in
                await failure { _ = try await connection.query("SELECT id FROM tenant") }
            }
            let system = try await fixture.database.system.withConnection { connection in
                try await connection.values("SELECT id FROM tenant", as: ID<Tenant>.self)
            }

            #expect(plain != nil)
            #expect(system.count == 2)
        }
    }

    @Test("Every table of a tenant's has row-level security on and forced, with a policy for the program")
    func policies() async throws {
        try await Fixture.with { fixture in
            let tables = try await list(tenantTables, fixture)
            let open = try await list(
                """
                SELECT relname FROM pg_class WHERE relname = ANY(\(tables))
                    AND NOT (relrowsecurity AND relforcerowsecurity)
                """, fixture)
            let withoutPolicy = try await list(
                """
                SELECT t FROM unnest(\(tables)) AS t WHERE NOT EXISTS (
                    SELECT FROM pg_policies WHERE tablename = t AND 'rookery_app' = ANY(roles)
                        AND qual LIKE '%app.tenant_id%' AND with_check LIKE '%app.tenant_id%')
                """, fixture)
            let forAll = try await list(
                """
                SELECT tablename FROM pg_policies WHERE qual NOT LIKE '%app.tenant_id%'
                    AND roles <> '{rookery_system}' AND policyname <> 'audit_event_verify'
                """, fixture)

            #expect(Set(tables).isSuperset(of: Nests.tables))
            #expect(open.isEmpty)
            #expect(withoutPolicy.isEmpty)
            #expect(forAll.isEmpty)
        }
    }

    @Test(
        "Primary, unique and foreign keys contain the tenant, but for Telegram bots and the people behind admins"
    )
    func keys() async throws {
        try await Fixture.with { fixture in
            let tables = try await list(tenantTables, fixture)
            let without = try await list(
                """
                SELECT i.indexrelid::regclass::text FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid
                WHERE i.indisunique AND c.relname = ANY(\(tables)) AND c.relname <> 'tenant'
                    AND NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid
                        AND a.attnum = ANY(i.indkey) AND a.attname = 'tenant_id')
                UNION ALL
                SELECT k.conname FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid
                WHERE k.contype = 'f' AND c.relname = ANY(\(tables))
                    AND NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid
                        AND a.attnum = ANY(k.conkey) AND a.attname = 'tenant_id')
                """, fixture)

            #expect(without == ["admin_account", "bot_registration_once"])
        }
    }

    @Test("There are no triggers of our own, and partitions are reached through their table only")
    func triggersAndPartitions() async throws {
        try await Fixture.with { fixture in
            let triggers = try await list(
                "SELECT tgname::text FROM pg_trigger WHERE NOT tgisinternal", fixture)
            let reachable = try await list(
                """
                SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'
                    AND (has_table_privilege('rookery_app', oid, 'SELECT')
                        OR has_table_privilege('rookery_system', oid, 'SELECT'))
                """, fixture)

            #expect(triggers.isEmpty)
            #expect(reachable.isEmpty)
        }
    }

    /// A session is a person's, in a tenant or in none, and out of the reach of rookery_app.
    private let tenantTables: SQL = """
        SELECT c.relname FROM pg_class AS c WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
            AND c.relnamespace = 'public'::regnamespace AND c.relname <> 'session'
            AND (c.relname = 'tenant' OR EXISTS (SELECT FROM pg_attribute AS a
                WHERE a.attrelid = c.oid AND a.attname = 'tenant_id'))
        """

    private func list(_ sql: SQL, _ fixture: Fixture) async throws -> [String] {
        try await fixture.superuser.withConnection { connection in
            try await connection.values("SELECT q.v::text FROM (\(sql)) AS q (v) ORDER BY 1", as: String.self)
        }
    }
}
