import Auth
import Platform
import Tenancy

/// A request that the gate has let in, with who makes it and the ways into the database that it needs.
struct Call: Sendable {
    /// What all calls on one event loop share.
    struct Surroundings: Sendable {
        let database: Database
        let trail: AuditTrail
        /// Seals cursors and the answers kept for idempotency.
        let box: SecretBox
    }

    let request: HTTPRequest
    let caller: Caller
    /// The tenant in which the caller acts; `.platform` when in none, which only routes without a tenant see.
    let tenant: ID<Tenant>
    private let surroundings: Surroundings

    init(_ request: HTTPRequest, by caller: Caller, _ surroundings: Surroundings) {
        self.request = request
        self.caller = caller
        tenant = caller.tenant ?? .platform
        self.surroundings = surroundings
    }

    var origin: RequestOrigin { RequestOrigin(request) }

    /// What tenants' secrets are sealed with.
    var box: SecretBox { surroundings.box }

    // MARK: Reading the request

    /// The id in the path.
    /// - Throws: `Problem` 404 for one that is malformed, as for one that does not exist.
    func id<Entity>(_ name: String, of _: Entity.Type = Entity.self) throws -> ID<Entity> {
        guard let id = ID<Entity>(request.parameters[name] ?? "") else { throw Problem.notFound }
        return id
    }

    func body<T>(_ make: (inout RequestBody) -> T?) throws -> T { try RequestBody.read(request, make) }

    func patch<T>(_ make: (inout RequestBody) -> T?) throws -> T {
        try RequestBody.read(request, isPatch: true, make)
    }

    func list(filters: Set<String> = []) throws -> ListQuery {
        try ListQuery(request, of: tenant, filters: filters, box: surroundings.box)
    }

    // MARK: Database

    func read<T: Sendable>(_ body: (TenantTransaction) async throws -> T) async throws -> T {
        try await surroundings.database.read(tenant, body)
    }

    /// A page of a list without filters, newest first.
    /// - Parameter rows: those behind the last one that the client has, as many as asked for.
    func page<Row: JSONWritable & Identified & Sendable>(
        _ rows: (_ after: ID<Row>?, _ limit: Int, TenantTransaction) async throws -> [Row],
        id: (Row) -> ID<Row>
    ) async throws -> HTTPResponse {
        let query = try list()
        let last = try query.after(Row.self)
        let found = try await read { tx in try await rows(last, query.limit + 1, tx) }
        return query.answer(found) { id($0).description }
    }

    /// What `find` finds.
    /// - Throws: `Problem` 404 for nothing.
    func found<T: Sendable>(_ find: (TenantTransaction) async throws -> T?) async throws -> T {
        guard let found = try await read(find) else { throw Problem.notFound }
        return found
    }

    /// Changes something of the tenant and answers. With an Idempotency-Key (POST only), `body` runs once, and its
    /// answer is kept in the same transaction.
    func write(_ body: (TenantTransaction) async throws -> HTTPResponse) async throws -> HTTPResponse {
        let key = try IdempotencyKey(self, box: surroundings.box)
        let (database, tenant) = (surroundings.database, tenant)
        return try await key.keepingRefusals {
            try await database.write(tenant) { tx in try await key.answer(in: tx) { try await body(tx) } }
        } keep: { refusal in
            try await database.write(tenant) { tx in try await key.keep(refusal, in: tx) }
        }
    }

    /// The answer to an earlier request with the same Idempotency-Key: for what asks elsewhere before it writes.
    func keptAnswer() async throws -> HTTPResponse? {
        let key = try IdempotencyKey(self, box: surroundings.box)
        return try await read { tx in try await key.keptAnswer(in: tx) }
    }

    /// As `write`, for what goes on elsewhere (at Telegram) once `body` is committed: `finish` does that, and its
    /// answer takes the place of body's, which is the one kept should the program die in between. A replayed answer is
    /// final.
    func write(
        _ body: (TenantTransaction) async throws -> HTTPResponse, then finish: () async throws -> HTTPResponse
    ) async throws -> HTTPResponse {
        let first = try await write(body)
        guard first.headers["Idempotency-Replayed"] == nil else { return first }
        let key = try IdempotencyKey(self, box: surroundings.box)
        do {
            let answer = try await finish()
            try await surroundings.database.write(tenant) { tx in try await key.replace(answer, in: tx) }
            return answer
        } catch {
            guard let problem = error as? Problem ?? Problem(from: error) else { throw error }
            let answer = problem.response(requestID: request.id)
            try await surroundings.database.write(tenant) { tx in try await key.replace(answer, in: tx) }
            throw problem
        }
    }

    /// Changes something of the tenant that the path names, for platform admins. Knows no Idempotency-Key: PATCH and
    /// DELETE have none.
    func write(
        in tenant: ID<Tenant>, _ body: (TenantTransaction) async throws -> HTTPResponse
    ) async throws -> HTTPResponse {
        try await surroundings.database.write(tenant, body)
    }

    func readPlatform<T: Sendable>(_ body: (PlatformTransaction) async throws -> T) async throws -> T {
        try await surroundings.database.readPlatform(body)
    }

    /// As `readPlatform`, for who the caller is.
    func lookUp<T: Sendable>(_ body: (PlatformTransaction) async throws -> T) async throws -> T {
        try await surroundings.database.lookUp(body)
    }

    /// As `write`, for what belongs to no tenant.
    func writePlatform(_ body: (PlatformTransaction) async throws -> HTTPResponse) async throws
        -> HTTPResponse
    {
        let key = try IdempotencyKey(self, box: surroundings.box)
        let database = surroundings.database
        return try await key.keepingRefusals {
            try await database.writePlatform { tx in try await key.answer(in: tx) { try await body(tx) } }
        } keep: { refusal in
            try await database.writePlatform { tx in try await key.keep(refusal, in: tx) }
        }
    }

    /// Notes in the audit trail what the transaction does.
    /// - Parameters:
    ///   - actor: who did it; the caller when nil.
    ///   - tenant: whose trail; the transaction's when nil. A platform transaction may write any tenant's.
    func record(
        _ event: AuditEvent, by actor: Caller? = nil, for tenant: ID<Tenant>? = nil,
        in tx: some DatabaseTransaction
    ) async throws {
        try await surroundings.trail.record(event, by: actor ?? caller, from: origin, for: tenant, in: tx)
    }

    /// Refuses the caller for want of a permission, and notes it in the audit trail.
    func refuse(_ permission: String) async throws -> Never {
        try await refuse(.forbidden(permission))
    }

    /// Refuses somebody who is known, and notes it in the audit trail.
    func refuse(_ problem: Problem) async throws -> Never {
        let route = AuditTarget(
            type: "route", id: "\(request.method.rawValue) \(request.route ?? request.path)")
        try await surroundings.database.write(tenant) { tx in
            try await record(AuditEvent(.accessDenied, of: route, outcome: .denied), in: tx)
        }
        throw problem
    }
}

extension RequestOrigin {
    init(_ request: HTTPRequest) {
        self.init(
            address: "\(request.client)", userAgent: request.headers["User-Agent"], requestID: request.id)
    }
}
