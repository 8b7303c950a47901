import Auth
import Platform
import Tenancy

/// A request that the gate has let in, with who makes it and the ways into the database that it needs.
struct Call: Sendable {
    /// What all calls on one event loop share.
    struct Surroundings: Sendable {
        let loop: EventLoop
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

    func body<T>(_ make: (inout RequestBody) -> T?) throws -> T { try RequestBody(request).read(make) }

    func patch<T>(_ make: (inout RequestBody) -> T?) throws -> T { try patch().read(make) }

    /// A patch whose fields depend on what it changes: it is read when that is known.
    func patch() throws -> RequestBody { try RequestBody(request, isPatch: true) }

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

    /// As `write`, for what asks elsewhere (Telegram), before it writes or after: `body` opens its transactions by
    /// `write(in:)`, and puts into that of its effect, by `KeepsEffect`, what is to be answered when the program dies,
    /// or cannot go on, after it. Another request with the key is told that this one is at work (409).
    func writeAsking(_ body: (@escaping KeepsEffect) async throws -> HTTPResponse) async throws
        -> HTTPResponse
    {
        let key = try IdempotencyKey(self, box: surroundings.box)
        guard key.isPresent else { return try await body(key.keepEffect) }
        let (database, tenant) = (surroundings.database, tenant)
        if let known = try await database.write(tenant, { tx in try await key.begin(in: tx) }) {
            return known
        }
        let answer: Result<HTTPResponse, any Error>
        do {
            answer = .success(try await body(key.keepEffect))
        } catch {
            answer = .failure(error)
        }
        let kept: HTTPResponse? =
            switch answer {
            case .success(let response): response
            case .failure(let error):
                (error as? Problem ?? Problem(from: error))?.response(requestID: request.id)
            }
        // A task of its own, since this one is cancelled when the client goes away; awaited right here.
        try await Task(executorPreference: surroundings.loop) {
            try await database.write(tenant) { tx in try await key.end(kept, in: tx) }
        }.value
        return try answer.get()
    }

    typealias KeepsEffect = (HTTPResponse, TenantTransaction) async throws -> Void

    /// Changes something of a tenant, knowing no Idempotency-Key: one that the path names, for platform admins, or
    /// within `writeAsking`.
    func write<T: Sendable>(
        in tenant: ID<Tenant>, _ body: (TenantTransaction) async throws -> T
    ) async throws -> T {
        try await surroundings.database.write(tenant, body)
    }

    /// As `read` and `write` have it, for what is more than one transaction.
    var database: Database { surroundings.database }
    /// Where the request is answered.
    var loop: EventLoop { surroundings.loop }

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

    /// A part of what `writePlatform` does, committed by itself: for what is too much for one transaction. It has to
    /// be such that it can be done again, since the answer is kept after it.
    func writeApart<T: Sendable>(_ body: (PlatformTransaction) async throws -> T) async throws -> T {
        try await surroundings.database.job(body)
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
