import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Tenants in the database", .serialized, .timeLimit(.minutes(10)))
struct TenantQueriesTests {
    @Test("Two tenants of one name have two slugs")
    func slugs() async throws {
        try await Fixture.with { fixture in
            let first = try await fixture.tenant("Anna's Gym")
            let second = try await fixture.tenant("Anna's Gym")

            #expect(first.slug == "anna-s-gym")
            #expect(second.slug.hasPrefix("anna-s-gym-") && second.slug != first.slug)
        }
    }

    @Test("A list begins with the newest, goes on after a tenant, and leaves deleted ones out")
    func list() async throws {
        try await Fixture.with { fixture in
            var ids: [ID<Tenant>] = []
            for number in 1...5 { ids.append(try await fixture.tenant("Nest \(number)").id) }
            try await fixture.tamper("UPDATE tenant SET status = 'suspended' WHERE id = \(ids[1])")
            try await fixture.tamper("UPDATE tenant SET status = 'deleted' WHERE id = \(ids[3])")

            let lists = try await fixture.database.readPlatform { tx in
                (
                    first: try await Tenant.list(status: nil, after: nil, limit: 2, in: tx).map(\.id),
                    rest: try await Tenant.list(status: nil, after: ids[2], limit: 9, in: tx).map(\.id),
                    suspended: try await Tenant.list(status: .suspended, after: nil, limit: 9, in: tx).map(
                        \.id),
                    deleted: try await Tenant.find(ids[3], in: tx)?.id
                )
            }

            #expect(lists.first == [ids[4], ids[2]])
            #expect(lists.rest == [ids[1], ids[0]])
            #expect(lists.suspended == [ids[1]])
            #expect(lists.deleted == nil)
        }
    }

    @Test("What is saved is read the same, and updated_at moves")
    func save() async throws {
        try await Fixture.with { fixture in
            let tenant = try await fixture.tenant(limits: TenantLimits())

            let saved = try await fixture.database.write(tenant.id) { tx in
                var new = try #require(try await Tenant.locked(in: tx))
                new.name = "Roost"
                new.limits[.bots] = nil
                new.settings.timezone = "Europe/Berlin"
                new.billing = TenantBilling(plan: "nest", monthlyCents: 4900, currency: "EUR")
                return try await new.save(in: tx)
            }
            let read = try await fixture.database.read(tenant.id) { tx in try await Tenant.current(in: tx) }

            #expect(saved.updatedAt > tenant.updatedAt)
            #expect(read?.name == "Roost" && read?.slug == tenant.slug)
            #expect(read?.limits[.bots] == .some(nil) && read?.limits[.requestsPerMinute] == 600)
            #expect(read?.settings.timezone == "Europe/Berlin" && read?.settings.locale == nil)
            #expect(read?.billing == TenantBilling(plan: "nest", monthlyCents: 4900, currency: "EUR"))
        }
    }

    @Test(
        "Deleting a tenant ends all that it had, frees its slug and its Telegram bots, and touches nobody else"
    )
    func delete() async throws {
        try await Fixture.with { fixture in
            let nests = try await Nests(fixture)
            let (owner, stranger) = (nests.owner, nests.stranger)
            for nest in [owner, stranger] {
                _ = try await fixture.database.write(nest.tenant.id) { tx in
                    try await Invitation.create(
                        email: "ada@example.org", role: .owner, into: tx.tenant, by: "", in: tx)
                }
                try await fixture.tamper(
                    """
                    INSERT INTO api_key (tenant_id, id, name, digest, hint, permissions, created_by)
                    VALUES (\(nest.tenant.id), gen_random_uuid(), 'Key', sha256(\(nest.tenant.name)::text::bytea), 'abcd',
                        '{}', '')
                    """)
            }

            try await fixture.database.write(owner.tenant.id) { tx in
                try await #require(try await Tenant.locked(in: tx)).delete(in: tx)
            }

            func rows(_ table: SQL, _ nest: Nests.Nest, _ condition: SQL = "true") async throws -> Int {
                try await fixture.count(
                    "SELECT count(*) FROM \(table) WHERE tenant_id = \(nest.tenant.id) AND \(condition)")
            }
            let wiped: SQL = "status = 'deleted' AND token_sealed IS NULL AND webhook_secrets = '{}'"
            #expect(try await rows("bot", owner, wiped) == 1)
            #expect(try await rows("bot", stranger, wiped) == 0)
            #expect(try await rows("consumer", owner, "status = 'disabled'") == 1)
            #expect(try await rows("consumer", stranger, "status = 'active'") == 1)
            for table: SQL in ["bot_registration", "invitation", "api_key"] {
                #expect(try await rows(table, owner) == 0)
                #expect(try await rows(table, stranger) == 1)
            }
            #expect(try await fixture.tenant("Owner").slug == owner.tenant.slug)
            let found = try await fixture.database.read(owner.tenant.id) { tx in
                try await Tenant.current(in: tx)
            }
            #expect(found == nil)
            #expect(try await fixture.count("SELECT count(*) FROM tenant WHERE name = 'Owner'") == 2)
        }
    }

    @Test("An admin is found by e-mail whatever its case, in this tenant only")
    func email() async throws {
        try await Fixture.with { fixture in
            let tenant = try await fixture.tenant()
            _ = try await fixture.insertAdmin(.support, of: tenant, email: "Ada@Example.org")
            let other = try await fixture.tenant()

            let here = try await fixture.database.read(tenant.id) { tx in
                (
                    try await Admin.exists(email: "aDA@example.ORG", in: tx),
                    try await Admin.exists(email: "bob@example.org", in: tx)
                )
            }
            let there = try await fixture.database.read(other.id) { tx in
                try await Admin.exists(email: "ada@example.org", in: tx)
            }

            #expect(here == (true, false))
            #expect(!there)
        }
    }
}
