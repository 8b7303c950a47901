import Auth
import Platform

/// One operation of the API: method, path, who may, what it costs, and who answers. `access` has no default, so that
/// a route which does not say who may cannot be built.
struct Route: Sendable {
    enum Access: Sendable {
        /// Anybody; limited by address.
        case open
        /// Any person who has signed in, or an API key, in a tenant or in none.
        case signedIn
        /// Any person who has signed in: API keys have neither session nor password.
        case person
        /// Whoever acts in a tenant, whatever their permissions.
        case member
        /// Whoever has the permission in the tenant.
        case tenant(Permission)
        /// The same, and platform admins also in no tenant: then it is about all.
        case tenantOrAll(Permission)
        /// Platform admins.
        case platform

        /// `x-permission` in openapi.yaml.
        var name: String {
            switch self {
            case .open: "open"
            case .signedIn, .person: "signed_in"
            case .member: "member"
            case .tenant(let permission), .tenantOrAll(let permission): permission.rawValue
            case .platform: "platform_admin"
            }
        }
    }

    typealias Handler = @Sendable (Call) async throws -> HTTPResponse

    let method: HTTPMethod
    let pattern: String
    let access: Access
    /// Whether it takes parameters in the query; lists read theirs by `ListQuery`.
    let isList: Bool
    let handler: Handler
    private let cost: Int
    private let exportCost: Int

    init(
        _ method: HTTPMethod, _ pattern: String, _ access: Access, cost: Int = 1, _ handler: @escaping Handler
    ) {
        self.method = method
        self.pattern = pattern
        self.access = access
        isList = false
        self.handler = handler
        self.cost = cost
        exportCost = cost
    }

    /// - Parameter exportCost: for all of the list, as lines.
    init(list pattern: String, _ access: Access, exportCost: Int = 1, _ handler: @escaping Handler) {
        method = .get
        self.pattern = pattern
        self.access = access
        isList = true
        self.handler = handler
        cost = 1
        self.exportCost = exportCost
    }

    /// Units of the limits that a request takes.
    func cost(of request: HTTPRequest) -> Int {
        guard exportCost != cost else { return cost }
        return request.method == .get && NDJSON.isAccepted(by: request) ? exportCost : cost
    }
}
