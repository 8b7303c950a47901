import Auth
import Platform
import Tenancy

/// What every request to the API passes, in this order: limits by address for those who are not known, who it is,
/// the tenant's state, the limits of tenant and caller, the route's permission.
struct Gate: Sendable {
    let authenticator: Authenticator
    let limits: Limits
    let tenants: TenantDirectory
    let surroundings: Call.Surroundings

    func handler(of route: Route) -> HTTPRoute {
        HTTPRoute(route.method, route.pattern) { request in try await answer(request, route) }
    }

    private func answer(_ request: HTTPRequest, _ route: Route) async throws -> HTTPResponse {
        var told = RateLimitHeaders()
        do {
            let caller = try await identify(request, route, &told)
            let call = Call(request, by: caller, surroundings)
            try await permit(call, route)
            var response = try await route.handler(call)
            told.add(to: &response.headers)
            return response
        } catch {
            guard var problem = error as? Problem ?? Problem(from: error) else { throw error }
            told.add(to: &problem.headers)
            throw problem
        }
    }

    // MARK: Who

    private func identify(
        _ request: HTTPRequest, _ route: Route, _ told: inout RateLimitHeaders
    ) async throws -> Caller {
        if case .open = route.access {
            try limits.take(address: request.client, cost: route.cost, &told)
            return .stranger
        }
        guard let token = Self.token(of: request) else {
            try limits.take(address: request.client, cost: 1, &told)
            throw Problem.unauthorized()
        }
        var caller: Caller
        do {
            if let known = try authenticator.known(token, from: request.client) {
                caller = known
            } else {
                // A signature or the database is looked at: nobody may ask for that without end.
                try limits.take(address: request.client, cost: 1, &told)
                caller = try await authenticator.verified(token, from: request.client)
            }
        } catch Authenticator.Failure.addressNotAllowed {
            throw Problem(
                403, "forbidden", "The API key may not be used from this address",
                detail: "\(request.client)")
        } catch is Authenticator.Failure {
            try limits.take(address: request.client, cost: 1, &told)
            throw Problem.unauthorized("invalid_token")
        }
        try choose(tenant: request.headers["Rookery-Tenant"], for: &caller)
        if let tenant = caller.tenant {
            let entry = tenants[tenant]
            try limits.take(
                tenant: tenant, of: caller, perMinute: entry?.requestsPerMinute, cost: route.cost, &told)
            try admit(caller, to: entry)
        } else {
            try limits.take(caller: caller, cost: route.cost, &told)
        }
        return caller
    }

    /// RFC 6750 section 2.1.
    private static func token(of request: HTTPRequest) -> String? {
        let values = request.headers.values(of: "Authorization")
        guard values.count == 1, let value = values.first, value.prefix(7).lowercased() == "bearer " else {
            return nil
        }
        let token = value.dropFirst(7).drop { $0 == " " }
        return token.isEmpty ? nil : String(token)
    }

    /// Platform admins name the tenant in which they act; for all others it is settled, and another is refused.
    private func choose(tenant text: String?, for caller: inout Caller) throws {
        guard let text else { return }
        let named = ID<Tenant>(text)
        guard caller.isPlatformAdmin else {
            guard named != nil, named == caller.tenant else {
                throw Problem(403, "forbidden", "Only platform admins act in other tenants")
            }
            return
        }
        guard let named, let entry = tenants[named], entry.status != .deleted else { throw Problem.notFound }
        caller.tenant = named
    }

    private func admit(_ caller: Caller, to entry: TenantDirectory.Entry?) throws {
        switch entry?.status {
        case .active: return
        case .suspended where caller.isPlatformAdmin: return
        case .suspended: throw Problem(403, "tenant_suspended", "The tenant is suspended")
        case .deleted, nil: throw Problem.unauthorized("invalid_token")
        }
    }

    // MARK: What

    private func permit(_ call: Call, _ route: Route) async throws {
        let caller = call.caller
        switch route.access {
        case .open, .signedIn: return
        case .member:
            guard caller.tenant != nil else { throw Problem.tenantRequired }
        case .tenant(let permission):
            guard caller.tenant != nil else { throw Problem.tenantRequired }
            guard caller.permissions.contains(permission) else {
                try await deny(call, route)
                throw Problem.forbidden(permission.rawValue)
            }
        case .platform:
            guard caller.isPlatformAdmin else {
                try await deny(call, route)
                throw Problem.forbidden("platform_admin")
            }
        }
    }

    private func deny(_ call: Call, _ route: Route) async throws {
        let event = AuditEvent(
            .accessDenied, of: AuditTarget(type: "route", id: "\(route.method.rawValue) \(route.pattern)"),
            outcome: .denied)
        let (trail, database) = (surroundings.trail, surroundings.database)
        try await database.write(call.tenant) { tx in
            try await trail.record(event, by: call.caller, from: call.origin, in: tx)
        }
    }
}

extension Problem {
    static func unauthorized(_ error: String? = nil) -> Problem {
        let challenge = "Bearer realm=\"rookery\"" + (error.map { ", error=\"\($0)\"" } ?? "")
        return Problem(
            401, error ?? "unauthorized", "Sign in, or use an API key",
            headers: ["WWW-Authenticate": challenge])
    }

    static func forbidden(_ permission: String) -> Problem {
        Problem(
            403, "forbidden", "This takes a permission that you do not have", detail: permission,
            members: [("permission", JSONText.quoted(permission))])
    }

    static let tenantRequired = Problem(
        400, "tenant_required", "Name the tenant to act in: Rookery-Tenant: tenant_…")
}
