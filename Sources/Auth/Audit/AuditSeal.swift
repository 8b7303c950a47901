import Platform
import Tenancy

/// What fixes a batch of events for good: the root of a Merkle tree over them, chained to the seal before, signed.
struct AuditSeal: Sendable {
    /// Events in one seal, at most.
    static let largest = 500
    /// What the first seal has for the one before.
    static let origin = [UInt8](repeating: 0, count: SHA256.byteCount)

    /// From 1, without gaps.
    let id: Int64
    let sealedAt: Timestamp
    /// In ascending order.
    let eventIDs: [ID<AuditEvent>]
    let firstAt: Timestamp
    let lastAt: Timestamp
    let root: [UInt8]
    let previous: [UInt8]
    private(set) var keyID: String
    private(set) var signature: [UInt8]

    /// - Parameter events: at least one, each verified.
    init(_ events: [AuditRecord], after previous: AuditSeal?, at now: Timestamp, key: AuditKey) throws {
        let events = events.sorted { $0.id < $1.id }
        id = (previous?.id ?? 0) + 1
        sealedAt = now
        eventIDs = events.map(\.id)
        firstAt = events.map(\.createdAt).min() ?? now
        lastAt = events.map(\.createdAt).max() ?? now
        root = Self.root(of: events)
        self.previous = previous?.hash ?? Self.origin
        keyID = key.id
        signature = []
        signature = try key.sign(signedBytes)
    }

    /// - Parameter events: in ascending order of their ids.
    static func root(of events: [AuditRecord]) -> [UInt8] {
        MerkleTree.root(events.map { MerkleTree.leafHash($0.leaf) })
    }

    private var signedBytes: [UInt8] {
        var form = CanonicalBytes("rookery.audit.seal.1")
        form.add(id)
        form.add(sealedAt)
        form.add(Int64(eventIDs.count))
        for event in eventIDs { form.add(event) }
        form.add(firstAt)
        form.add(lastAt)
        form.add(root)
        form.add(previous)
        return form.bytes
    }

    /// What the next seal names it by: every column counts.
    var hash: [UInt8] {
        var form = CanonicalBytes("rookery.audit.chain.1")
        form.add(signedBytes)
        form.add(keyID)
        form.add(signature)
        return SHA256.hash(form.bytes)
    }

    func isGenuine(_ key: AuditPublicKey) -> Bool {
        keyID == key.id && Ed25519.verify(signature, of: signedBytes, publicKey: key.bytes)
    }
}

extension AuditSeal: RowDecodable {
    static let columns: SQL =
        "id, sealed_at, event_ids, first_at, last_at, root, previous, key_id, signature"

    init(row: inout Row) throws {
        id = try row.next()
        sealedAt = try row.next()
        eventIDs = try row.next()
        firstAt = try row.next()
        lastAt = try row.next()
        root = try row.next()
        previous = try row.next()
        keyID = try row.next()
        signature = try row.next()
    }

    func insert(in tx: PlatformTransaction) async throws {
        try await tx.execute(
            """
            INSERT INTO audit_seal (\(Self.columns))
            VALUES (\(id), \(sealedAt), \(eventIDs), \(firstAt), \(lastAt), \(root), \(previous), \(keyID),
                \(signature))
            """)
    }

    static func newest(in tx: PlatformTransaction) async throws -> AuditSeal? {
        try await tx.first("SELECT \(columns) FROM audit_seal ORDER BY id DESC LIMIT 1")
    }
}
