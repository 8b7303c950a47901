import Platform
import Synchronization
import Tenancy
import TestSupport

@testable import Auth

/// An audit trail of a test's own, two tenants that write to it, and what tests do with it.
struct Ledger: Sendable {
    let fixture: Fixture
    let trail: AuditTrail
    let sealer: AuditSealer
    let tenant: Tenant
    let other: Tenant

    static func with(_ body: @escaping @Sendable (Ledger) async throws -> Void) async throws {
        try await Fixture.with { fixture in
            let trail = fixture.trail
            try await body(
                Ledger(
                    fixture: fixture, trail: trail, sealer: Self.sealer(fixture, trail),
                    tenant: try await fixture.tenant("Nest"), other: try await fixture.tenant("Other")))
        }
    }

    static func sealer(_ fixture: Fixture, _ trail: AuditTrail, logger: Logger? = nil) -> AuditSealer {
        AuditSealer(
            loop: fixture.loop, database: fixture.database, trail: trail, blocking: fixture.blocking,
            logger: logger ?? fixture.logger, metrics: fixture.metrics)
    }

    /// As a handler does it.
    func record(_ action: AuditAction = .tenantUpdate, in tenant: Tenant? = nil) async throws {
        var changes = AuditChanges()
        changes.add("name", from: "a", to: "b")
        try await fixture.database.write((tenant ?? self.tenant).id) { [changes] tx in
            try await trail.record(
                AuditEvent(action, of: AuditTarget(tx.tenant), changes: changes),
                by: Caller(.platformAdmin(ID()), session: ID(), tenant: tx.tenant),
                from: RequestOrigin(address: "192.0.2.1", userAgent: "crow/1", requestID: "req_1"), in: tx)
        }
    }

    /// One that was written then.
    func record(at time: Timestamp) async throws {
        var record = AuditRecord(
            AuditEvent(.tenantUpdate), by: .operator, from: .commandLine, for: tenant.id, at: time)
        try record.sign(with: try await trail.key())
        try await fixture.database.job { [record] tx in try await record.insert(in: tx) }
    }

    /// Three seals of two events each, one of either tenant, and two events that are not sealed yet.
    func fill() async throws {
        for _ in 0..<3 {
            try await record()
            try await record(in: other)
            try await sealer.seal()
        }
        try await record()
        try await record(in: other)
    }

    func verify(
        _ expectation: AuditVerification.Expectation = AuditVerification.Expectation(), box: SecretBox? = nil
    ) async throws -> AuditReport {
        try await AuditVerification.run(
            fixture.superuser, blocking: fixture.blocking, expecting: expectation, box: box)
    }

    /// The first event under seal 2.
    func victim() async throws -> ID<AuditEvent> {
        let id = try await fixture.superuser.withConnection { connection in
            try await connection.value(
                "SELECT event_ids[1] FROM audit_seal WHERE id = 2", as: ID<AuditEvent>.self)
        }
        guard let id else { throw TimedOut("a second seal") }
        return id
    }

    @discardableResult
    func tamper(_ sql: SQL) async throws -> Int {
        try await fixture.superuser.withConnection { try await $0.execute(sql) }
    }

    func count(_ sql: SQL) async throws -> Int {
        Int(try await fixture.superuser.withConnection { try await $0.value(sql, as: Int64.self) } ?? -1)
    }
}
