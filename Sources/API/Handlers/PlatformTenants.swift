import Auth
import Platform
import Tenancy

/// `/v1/platform/tenants`: the customers, as platform admins manage them.
struct PlatformTenants: Sendable {
    let mail: InvitationMail
    let connector: BotConnector

    /// Makes a tenant and invites its first owner.
    @Sendable func create(_ call: Call) async throws -> HTTPResponse {
        let new = try call.body(NewTenant.init)
        var sent: (link: InvitationLink, tenant: String)?
        let response = try await call.writePlatform { tx in
            let tenant = try await Tenant.create(name: new.name, limits: new.limits, in: tx)
            let (invitation, token) = try await Invitation.create(
                email: new.ownerEmail, role: .owner, into: tenant.id, by: call.caller.name, in: tx)
            try await call.record(.created(tenant), for: tenant.id, in: tx)
            try await call.record(.created(invitation), for: tenant.id, in: tx)
            let link = mail.link(invitation, token)
            sent = (link, tenant.name)
            let answer = TenantAnswer(tenant: tenant, showsBilling: true, invitation: link)
            return .created(answer, at: "/v1/platform/tenants/\(tenant.id)", answer.tag)
        }
        if let sent { mail.send(sent.link, into: sent.tenant) }
        return response
    }

    @Sendable func list(_ call: Call) async throws -> HTTPResponse {
        let query = try call.list(filters: ["status"])
        let status = try query.filter("status", expected: "active or suspended") { text in
            Tenant.Status(rawValue: text).flatMap { $0 == .deleted ? nil : $0 }
        }
        let after = try query.after(Tenant.self)
        let tenants = try await call.readPlatform { tx in
            try await Tenant.list(status: status, after: after, limit: query.limit + 1, in: tx)
        }
        return query.answer(
            tenants.map { TenantAnswer(tenant: $0, showsBilling: true) }, key: \.tenant.id.description)
    }

    @Sendable func show(_ call: Call) async throws -> HTTPResponse {
        let id = try call.id("tenant_id", of: Tenant.self)
        guard let tenant = try await call.readPlatform({ tx in try await Tenant.find(id, in: tx) }) else {
            throw Problem.notFound
        }
        let answer = TenantAnswer(tenant: tenant, showsBilling: true)
        return .resource(answer, answer.tag, for: call.request)
    }

    @Sendable func update(_ call: Call) async throws -> HTTPResponse {
        let id = try call.id("tenant_id", of: Tenant.self)
        let patch = try call.patch(TenantPatch.init)
        return try await call.write(in: id) { tx in
            guard let tenant = try await Tenant.locked(in: tx) else { throw Problem.notFound }
            try TenantAnswer(tenant: tenant, showsBilling: true).requireMatch(call.request)
            let saved = try await call.save(patch.applied(to: tenant), over: tenant, in: tx)
            let answer = TenantAnswer(tenant: saved, showsBilling: true)
            return .resource(answer, answer.tag, for: call.request)
        }
    }

    /// Its bots' webhooks are deleted at Telegram first, as far as that can be done soon: their tokens are wiped.
    @Sendable func delete(_ call: Call) async throws -> HTTPResponse {
        let id = try call.id("tenant_id", of: Tenant.self)
        let found = try await call.readPlatform { tx in try await Tenant.find(id, in: tx) }
        guard let found else { throw Problem.notFound }
        try TenantAnswer(tenant: found, showsBilling: true).requireMatch(call.request)
        try await connector.letGo(of: id)
        return try await call.write(in: id) { tx in
            guard let tenant = try await Tenant.locked(in: tx) else { throw Problem.notFound }
            try TenantAnswer(tenant: tenant, showsBilling: true).requireMatch(call.request)
            try await tenant.delete(in: tx)
            try await Revocation.add(tenant.id, in: tx)
            try await call.record(AuditEvent(.tenantDelete, of: AuditTarget(tenant.id)), in: tx)
            return .noContent
        }
    }
}

private struct NewTenant {
    let name: String
    let ownerEmail: String
    let limits: TenantLimits

    init?(_ body: inout RequestBody) {
        let name = body.required("name", .text(1...200))
        let ownerEmail = body.required("owner_email", .email)
        limits = body.object("limits", LimitsChange.init)?.applied(to: TenantLimits()) ?? TenantLimits()
        guard let name, let ownerEmail else { return nil }
        self.name = name
        self.ownerEmail = ownerEmail
    }
}

private struct TenantPatch {
    /// What a patch can make of a tenant; deleting has a request of its own.
    enum Status: String, CaseIterable { case active, suspended }

    let name: String?
    let status: Status?
    let limits: LimitsChange?
    let billing: Patch<BillingChange>

    init?(_ body: inout RequestBody) {
        name = body.patch("name", .text(1...200))
        status = body.patch("status", .choice)
        limits = body.object("limits", LimitsChange.init)
        billing = body.removable(object: "billing", BillingChange.init)
    }

    func applied(to tenant: Tenant) throws -> Tenant {
        var new = tenant
        if let name { new.name = name }
        if let status { new.status = status == .active ? .active : .suspended }
        if let limits { new.limits = limits.applied(to: tenant.limits) }
        switch billing {
        case .unchanged: break
        case .removed: new.billing = nil
        case .set(let change): new.billing = try change.applied(to: tenant.billing)
        }
        return new
    }
}
