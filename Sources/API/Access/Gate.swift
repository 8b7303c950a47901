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
            if !route.isList { try refuseParameters(of: request) }
            var response = try await route.handler(call)
            told.add(to: &response.headers)
            return response
        } catch {
            guard var problem = error as? Problem ?? Problem(from: error) else { throw error }
            told.add(to: &problem.headers)
            throw counted(problem, request)
        }
    }

    // MARK: Who

    /// Looks at a signature, or into the database, only at the cost of the address: nobody may ask for that without
    /// end.
    private func caller(
        of token: String, _ request: HTTPRequest, _ told: inout RateLimitHeaders
    ) async throws -> Caller {
        let known: Caller?
        do { known = try authenticator.known(token, from: request.client) } catch {
            try limits.take(address: request.client, cost: 1, &told)
            throw try await refusal(error, request)
        }
        if let known { return known }
        try limits.take(address: request.client, cost: 1, &told)
        do {
            return try await authenticator.verified(token, from: request.client)
        } catch {
            throw try await refusal(error, request)
        }
    }

    private func refusal(_ error: any Error, _ request: HTTPRequest) async throws -> any Error {
        switch error {
        case let error as Authenticator.AddressNotAllowed:
            try await refuse(
                error.caller, request,
                Problem(
                    403, "forbidden", "The API key may not be used from this address",
                    detail: "\(request.client)"))
        case is Authenticator.Failure: return Problem.unauthorized("invalid_token")
        default: return error
        }
    }

    /// Of somebody who is known, but not let in.
    private func refuse(_ caller: Caller, _ request: HTTPRequest, _ problem: Problem) async throws -> Never {
        try await Call(request, by: caller, surroundings).refuse(problem)
    }

    private func identify(
        _ request: HTTPRequest, _ route: Route, _ told: inout RateLimitHeaders
    ) async throws -> Caller {
        let cost = route.cost(of: request)
        if case .open = route.access {
            try limits.take(address: request.client, cost: cost, &told)
            return .stranger
        }
        guard let token = Self.token(of: request) else {
            try limits.take(address: request.client, cost: 1, &told)
            throw Problem.unauthorized()
        }
        var caller = try await caller(of: token, request, &told)
        let entry: TenantDirectory.Entry?
        do {
            entry = try await tenant(named: request.headers["Rookery-Tenant"], of: &caller)
        } catch {
            try limits.take(caller: caller, cost: cost, &told)
            if let problem = error as? Problem, problem.status == 403 {
                try await refuse(caller, request, problem)
            }
            throw error
        }
        guard let tenant = caller.tenant, let entry else {
            try limits.take(caller: caller, cost: cost, &told)
            return caller
        }
        try limits.take(tenant: tenant, entry, of: caller, cost: cost, &told)
        if entry.status == .suspended, !caller.isPlatformAdmin {
            try await refuse(
                caller, request, Problem(403, "tenant_suspended", "The tenant is suspended"))
        }
        return caller
    }

    /// Counts by address what nothing has counted yet, such as what the router answers by itself: a search for paths is
    /// limited, too.
    func counted(_ problem: Problem, _ request: HTTPRequest) -> Problem {
        guard request.path.hasPrefix("/v1/"), !RateLimitHeaders.areIn(problem.headers) else { return problem }
        var told = RateLimitHeaders()
        var problem = problem
        do { try limits.take(address: request.client, cost: 1, &told) } catch {
            problem = error as? Problem ?? problem
        }
        told.add(to: &problem.headers)
        return problem
    }

    /// The same for what the router answers without an error.
    /// - Throws: `Problem` 429
    func counted(_ response: HTTPResponse, _ request: HTTPRequest) throws -> HTTPResponse {
        guard request.path.hasPrefix("/v1/") else { return response }
        var told = RateLimitHeaders()
        var response = response
        do { try limits.take(address: request.client, cost: 1, &told) } catch {
            guard var problem = error as? Problem else { throw error }
            told.add(to: &problem.headers)
            throw problem
        }
        told.add(to: &response.headers)
        return response
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
    /// - Returns: what is known of the tenant; nil for a caller in none.
    private func tenant(named text: String?, of caller: inout Caller) async throws -> TenantDirectory.Entry? {
        if let text {
            let named = ID<Tenant>(text)
            if caller.isPlatformAdmin {
                guard let named else { throw Problem.notFound }
                caller.tenant = named
            } else if named == nil || named != caller.tenant {
                throw Problem(403, "forbidden", "Only platform admins act in other tenants")
            }
        }
        guard let tenant = caller.tenant else { return nil }
        guard tenants.isFresh(within: TenantDirectory.reliableFor) else { throw Problem.unavailable() }
        guard let entry = try await tenants.entry(of: tenant, in: surroundings.database) else {
            throw caller.isPlatformAdmin ? Problem.notFound : Problem.unauthorized("invalid_token")
        }
        return entry
    }

    /// Whether somebody who was let in a while ago, and has waited since, still would be, as far as is known in memory.
    /// - Throws: `Problem`
    func requireStill(_ permission: Permission, of call: Call) throws {
        guard let token = Self.token(of: call.request) else { throw Problem.unauthorized() }
        let caller: Caller?
        do { caller = try authenticator.known(token, from: call.request.client) } catch {
            throw (error as? Problem ?? Problem(from: error)) ?? Problem.unauthorized("invalid_token")
        }
        let isPlatformAdmin = call.caller.isPlatformAdmin
        if let caller, !isPlatformAdmin, !caller.permissions.contains(permission) {
            throw Problem.forbidden(permission.rawValue)
        }
        guard let entry = tenants[call.tenant] else { throw Problem.notFound }
        guard entry.status == .active || isPlatformAdmin else {
            throw Problem(403, "tenant_suspended", "The tenant is suspended")
        }
    }

    // MARK: What

    /// A parameter that nobody would look at is a mistake, and told as such.
    private func refuseParameters(of request: HTTPRequest) throws {
        guard let text = request.query, !text.isEmpty else { return }
        guard let query = HTTPQuery(text) else { throw Problem.queryNotText }
        if let name = query.names.first { throw Problem.unknownParameter(name) }
    }

    private func permit(_ call: Call, _ route: Route) async throws {
        let caller = call.caller
        switch route.access {
        case .open, .signedIn: return
        case .person:
            guard caller.session != nil else { try await call.refuse(.peopleOnly) }
        case .member:
            guard caller.tenant != nil else { throw Problem.tenantRequired }
        case .tenantOrAll where caller.tenant == nil && caller.isPlatformAdmin: return
        case .tenant(let permission), .tenantOrAll(let permission):
            guard caller.tenant != nil else { throw Problem.tenantRequired }
            guard caller.permissions.contains(permission) else {
                try await call.refuse(permission.rawValue)
            }
        case .platform:
            guard caller.isPlatformAdmin else {
                try await call.refuse("platform_admin")
            }
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

    static let peopleOnly = Problem(
        403, "forbidden", "This is for people who have signed in, not for API keys")

    static let tenantRequired = Problem(
        400, "tenant_required", "Name the tenant to act in: Rookery-Tenant: tenant_…")
}
