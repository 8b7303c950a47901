import Auth
import Platform
import Tenancy

/// The Idempotency-Key of a POST (draft-ietf-httpapi-idempotency-key-header): the first answer is kept in the
/// transaction of its effect and given again for 24 hours, so that a client that heard nothing may simply ask again.
///
/// While the first request is at work it holds an advisory lock for the length of its transaction; a second one is
/// told so (409). One that asks elsewhere has no transaction open meanwhile: that it is at work is noted beforehand
/// (`begin`). A refusal (4xx) has no effect and is kept in a transaction of its own. Answers 401, 429 and 5xx
/// are not kept, nor is any with a Retry-After, nor what is wrong with the request itself: asking again tries again.
///
/// Strangers are told apart by their address. What they are refused is not kept: nobody could fill the table, or
/// take a key away from a neighbour, at no cost.
struct IdempotencyKey: Sendable {
    private static let lifetime = Duration.seconds(86_400)
    /// A request that asks elsewhere has ended by then, or its node has died.
    private static let longestRun = Duration.seconds(120)

    /// nil: the request has none, and nothing is kept.
    private let key: String?
    private let tenant: ID<Tenant>
    /// A TypeID, or a stranger's address.
    private let caller: String
    private let isStranger: Bool
    private let fingerprint: [UInt8]
    private let requestID: String
    private let box: SecretBox

    /// - Throws: `Problem` 400 for a key that is none. On other methods the header is not looked at.
    init(_ call: Call, box: SecretBox) throws {
        let request = call.request
        let key = request.method == .post ? request.headers["Idempotency-Key"] : nil
        if let key {
            let isPlain = key.utf8.allSatisfy { (0x20...0x7E).contains($0) }
            guard isPlain, (1...255).contains(key.utf8.count),
                request.headers.values(of: "Idempotency-Key").count == 1
            else {
                throw Problem.badRequest(
                    "invalid_idempotency_key", "An Idempotency-Key is one text of 1 to 255 ASCII characters")
            }
        }
        self.key = key
        self.box = box
        requestID = request.id
        tenant = call.tenant
        isStranger = call.caller.name.isEmpty
        caller = isStranger ? "address \(request.client.network)" : call.caller.name
        fingerprint = key == nil ? [] : Self.fingerprint(of: request)
    }

    /// The same for an object whose members come in another order: many clients write them as they happen to lie.
    private static func fingerprint(of request: HTTPRequest) -> [UInt8] {
        let body = (try? JSONValue(parsing: request.body))?.sorted.json ?? request.body
        return SHA256.hash(Array("\(request.method.rawValue) \(request.path)\n".utf8) + body)
    }

    /// Runs `transact`, which calls `answer(in:)` in a transaction, and keeps a refusal by way of `keep`.
    func keepingRefusals(
        _ transact: () async throws -> HTTPResponse, keep: (HTTPResponse) async throws -> Void
    ) async throws -> HTTPResponse {
        do {
            return try await transact()
        } catch let refusal as Refusal {
            guard let problem = refusal.cause as? Problem ?? Problem(from: refusal.cause) else {
                throw refusal.cause
            }
            let response = problem.response(requestID: requestID)
            if isKept(response) { try await keep(response) }
            throw problem
        }
    }

    /// Runs `body` unless its answer is known already.
    /// - Throws: `Problem` 409 while another request with the key is at work, 422 when the key was used for another
    ///   request; with a key, what `body` throws comes as a `Refusal`.
    func answer<TX: DatabaseTransaction>(
        in tx: TX, _ body: () async throws -> HTTPResponse
    ) async throws -> HTTPResponse {
        guard let key else { return try await body() }
        try await lock(key, in: tx)
        if let answer = try await known(key, in: tx) { return answer }
        let response: HTTPResponse
        do { response = try await body() } catch { throw Refusal(cause: error) }
        if isKept(response) { try await keep(response, in: tx) }
        return response
    }

    private func isKept(_ answer: HTTPResponse) -> Bool {
        answer.status < 400
            || !isStranger && ![401, 429].contains(answer.status) && answer.status < 500
                && answer.headers["Retry-After"] == nil
    }

    /// An error of the effect, not of the key.
    private struct Refusal: Error { let cause: any Error }

    private func lock(_ key: String, in tx: some DatabaseTransaction) async throws {
        let name = "\(tenant) \(caller) \(key)"
        let lock = try await tx.first(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(\(name), 1))", as: Lock.self)
        guard lock?.isHeld == true else {
            throw Self.inProgress
        }
    }

    private static let inProgress = Problem(
        409, "idempotency_in_progress", "A request with this Idempotency-Key is still running",
        headers: ["Retry-After": "1"])

    private func row(_ key: String, in tx: some DatabaseTransaction) async throws -> KeptRow? {
        let kept = try await tx.first(
            """
            SELECT answer_sealed, created_at FROM idempotency_key
            WHERE tenant_id = \(tenant) AND caller = \(caller) AND key = \(key)
            """, as: KeptRow.self)
        guard let kept, kept.createdAt + Self.lifetime < .now else { return kept }
        try await remove(key, in: tx)
        return nil
    }

    private func remove(_ key: String, in tx: some DatabaseTransaction) async throws {
        try await tx.execute(
            "DELETE FROM idempotency_key WHERE tenant_id = \(tenant) AND caller = \(caller) AND key = \(key)")
    }

    private func open(_ row: KeptRow) throws -> KeptAnswer {
        let opened = try box.open(row.sealed, for: binding)
        guard opened.starts(with: fingerprint) else {
            throw Problem(
                422, "idempotency_mismatch", "This Idempotency-Key was used for another request")
        }
        return try KeptAnswer(Array(opened.dropFirst(fingerprint.count)))
    }

    /// The answer given before; nil when there is none, and none comes.
    /// - Throws: `Problem` 409 while the request is at work, 422 when the key was used for another.
    private func known(_ key: String, in tx: some DatabaseTransaction) async throws -> HTTPResponse? {
        guard let row = try await row(key, in: tx) else { return nil }
        let kept = try open(row)
        if kept.isRunning, row.createdAt + Self.longestRun > .now { throw Self.inProgress }
        if kept.response == nil { try await remove(key, in: tx) }
        return kept.response
    }

    /// Leaves an answer alone that somebody else has kept meanwhile.
    func keep(_ response: HTTPResponse, in tx: some DatabaseTransaction) async throws {
        try await keep(KeptAnswer.bytes(of: response), in: tx)
    }

    private func keep(_ bytes: [UInt8], in tx: some DatabaseTransaction) async throws {
        guard let key else { return }
        let sealed = try box.seal(fingerprint + bytes, for: binding)
        try await tx.execute(
            """
            INSERT INTO idempotency_key (tenant_id, caller, key, answer_sealed)
            VALUES (\(tenant), \(caller), \(key), \(sealed))
            ON CONFLICT (tenant_id, caller, key) DO NOTHING
            """)
    }

    // MARK: Asking elsewhere

    var isPresent: Bool { key != nil }

    /// Notes that the request is at work, unless its answer is known already.
    /// - Throws: as `answer(in:)`, but no `Refusal`.
    func begin(in tx: some DatabaseTransaction) async throws -> HTTPResponse? {
        guard let key else { return nil }
        try await lock(key, in: tx)
        if let answer = try await known(key, in: tx) { return answer }
        try await keep(KeptAnswer.running(nil), in: tx)
        return nil
    }

    /// Notes, in the effect's transaction, what is to be answered should the request end without an answer of its own.
    func keepEffect(_ response: HTTPResponse, in tx: some DatabaseTransaction) async throws {
        guard let key else { return }
        try await remove(key, in: tx)
        try await keep(KeptAnswer.running(response), in: tx)
    }

    /// Ends what `begin` began.
    /// - Parameter response: nil for none. Of one that is not kept, as of none, the answer of the effect stands; without
    ///   an effect, asking again tries again.
    func end(_ response: HTTPResponse?, in tx: some DatabaseTransaction) async throws {
        guard let key else { return }
        var final = response.flatMap { isKept($0) ? $0 : nil }
        if final == nil { final = try await row(key, in: tx).map(open)?.response }
        try await remove(key, in: tx)
        if let final { try await keep(final, in: tx) }
    }

    private var binding: [UInt8] { Array("idempotency \(tenant) \(caller) \(key ?? "")".utf8) }
}

private struct Lock: RowDecodable {
    let isHeld: Bool
    init(row: inout Row) throws { isHeld = try row.next() }
}
