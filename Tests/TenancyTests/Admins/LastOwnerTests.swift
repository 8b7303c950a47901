import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("The last owner", .serialized, .timeLimit(.minutes(10)))
struct LastOwnerTests {
    /// One way to lose an owner.
    enum Loss: CaseIterable, Sendable {
        case demotion, removal

        func happen(to id: ID<Admin>, in tx: TenantTransaction) async throws {
            let admin = try #require(try await Admin.locked(id, in: tx))
            switch self {
            case .demotion: _ = try await admin.setRole(.trainer, in: tx)
            case .removal: try await admin.remove(in: tx)
            }
        }
    }

    @Test("Is neither removed nor demoted; one of two is, and others always", arguments: Loss.allCases)
    func alone(_ loss: Loss) async throws {
        try await Fixture.with { fixture in
            let tenant = try await fixture.tenant()
            let first = try await fixture.insertAdmin(.owner, of: tenant)
            let second = try await fixture.insertAdmin(.owner, of: tenant)
            let support = try await fixture.insertAdmin(.support, of: tenant)
            let stranger = try await fixture.tenant()
            _ = try await fixture.insertAdmin(.owner, of: stranger)

            try await fixture.database.write(tenant.id) { tx in try await loss.happen(to: first, in: tx) }
            try await fixture.database.write(tenant.id) { tx in try await loss.happen(to: support, in: tx) }
            await #expect(throws: Admin.LastOwner.self) {
                try await fixture.database.write(tenant.id) { tx in try await loss.happen(to: second, in: tx)
                }
            }

            let owner = try await fixture.database.read(tenant.id) { tx in
                try await Admin.find(second, in: tx)
            }
            #expect(owner?.role == .owner)
        }
    }

    @Test(
        "Stays when two requests would take one of two owners each: the second waits for the first and is refused",
        arguments: Loss.allCases, Loss.allCases)
    func waiting(_ earlier: Loss, _ later: Loss) async throws {
        try await Fixture.with { fixture in
            let tenant = try await fixture.tenant()
            let (first, second) = (
                try await fixture.insertAdmin(.owner, of: tenant),
                try await fixture.insertAdmin(.owner, of: tenant)
            )
            let lost = Happenings<String>()

            let racing = Task {
                try await fixture.eventually("the first to hold the lock") { lost.all == ["first"] }
                try await fixture.database.write(tenant.id) { tx in try await later.happen(to: second, in: tx)
                }
            }
            try await fixture.database.write(tenant.id) { tx in
                try await earlier.happen(to: first, in: tx)
                lost.add("first")
                try await fixture.eventually("the second to wait") {
                    try await fixture.count(
                        """
                        SELECT count(*) FROM pg_stat_activity
                        WHERE datname = current_database() AND wait_event_type = 'Lock'
                        """) == 1
                }
            }

            await #expect(throws: Admin.LastOwner.self) { try await racing.value }
            #expect(try await fixture.owners(of: tenant) == 1)
        }
    }

    @Test("Stays however many requests come at once")
    func many() async throws {
        try await Fixture.with { fixture in
            let tenant = try await fixture.tenant()
            var owners: [ID<Admin>] = []
            for _ in 0..<8 { owners.append(try await fixture.insertAdmin(.owner, of: tenant)) }

            let losses = await withTaskGroup(of: Bool.self) { group in
                for (index, owner) in owners.enumerated() {
                    let loss = Loss.allCases[index % 2]
                    group.addTask {
                        do {
                            try await fixture.database.write(tenant.id) { tx in
                                try await loss.happen(to: owner, in: tx)
                            }
                            return true
                        } catch { return false }
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }

            #expect(losses == 7)
            #expect(try await fixture.owners(of: tenant) == 1)
        }
    }
}

extension Fixture {
    /// Straight into the tables: how people come in is another matter.
    func insertAdmin(_ role: Role, of tenant: Tenant, email: String? = nil) async throws -> ID<Admin> {
        let id = ID<Admin>()
        let email = email ?? "\(id.suffix)@example.org"
        try await tamper(
            """
            WITH person AS (
                INSERT INTO account (id, email, email_folded, name, password_hash)
                VALUES (\(id), \(email), \(email), 'Ada', '$scrypt$')
            )
            INSERT INTO admin (tenant_id, id, account_id, email, name, role)
            VALUES (\(tenant.id), \(id), \(id), \(email), 'Ada', \(role))
            """)
        return id
    }

    func owners(of tenant: Tenant) async throws -> Int {
        try await count("SELECT count(*) FROM admin WHERE tenant_id = \(tenant.id) AND role = 'owner'")
    }
}
