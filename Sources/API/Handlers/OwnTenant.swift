import Auth
import Platform
import Tenancy

/// `/v1/tenant`: the tenant in which the caller acts.
enum OwnTenant {
    @Sendable static func show(_ call: Call) async throws -> HTTPResponse {
        guard let tenant = try await call.read({ tx in try await Tenant.current(in: tx) }) else {
            throw Problem.notFound
        }
        return response(tenant, call)
    }

    @Sendable static func update(_ call: Call) async throws -> HTTPResponse {
        let patch = try call.patch(OwnTenantPatch.init)
        return try await call.write { tx in
            guard let tenant = try await Tenant.locked(in: tx) else { throw Problem.notFound }
            try answer(tenant, call).requireMatch(call.request)
            let saved = try await call.save(patch.applied(to: tenant), over: tenant, in: tx)
            return response(saved, call)
        }
    }

    private static func answer(_ tenant: Tenant, _ call: Call) -> TenantAnswer {
        TenantAnswer(tenant: tenant, showsBilling: call.caller.permissions.contains(.viewRevenue))
    }

    private static func response(_ tenant: Tenant, _ call: Call) -> HTTPResponse {
        let answer = answer(tenant, call)
        return .resource(answer, answer.tag, for: call.request)
    }
}

extension Call {
    /// Writes a tenant's new state, with its entry in the tenant's trail. Without a difference nothing is written.
    func save(_ new: Tenant, over old: Tenant, in tx: TenantTransaction) async throws -> Tenant {
        let changes = AuditChanges(from: old, to: new)
        guard !changes.isEmpty else { return old }
        let saved = try await new.save(in: tx)
        try await record(AuditEvent(.tenantUpdate, of: AuditTarget(old.id), changes: changes), in: tx)
        return saved
    }
}

private struct OwnTenantPatch {
    let name: String?
    let settings: SettingsChange?

    init?(_ body: inout RequestBody) {
        name = body.patch("name", .text(1...200))
        settings = body.object("settings", SettingsChange.init)
    }

    func applied(to tenant: Tenant) -> Tenant {
        var new = tenant
        if let name { new.name = name }
        if let settings { new.settings = settings.applied(to: tenant.settings) }
        return new
    }
}
