import Platform
import Tenancy

/// The key that the audit trail is signed with: one a database, made at the first use.
package struct AuditKey: Sendable {
    package enum Fault: Error {
        /// What is stored as the key was not made by this program with this master key.
        case notGenuine
        case cannotSign
    }

    package let publicKey: AuditPublicKey
    private let signer: Ed25519Signer

    var id: String { publicKey.id }

    private init(seed: [UInt8]) throws {
        guard let signer = Ed25519Signer(seed: seed) else { throw Fault.notGenuine }
        self.signer = signer
        publicKey = AuditPublicKey(signer.publicKey)
    }

    func sign(_ bytes: [UInt8]) throws -> [UInt8] {
        guard let signature = signer.sign(bytes) else { throw Fault.cannotSign }
        return signature
    }

    /// Reads the key; a database that has none gets one, whoever comes first.
    static func load(box: SecretBox, in tx: PlatformTransaction) async throws -> AuditKey {
        if let stored = try await stored(in: tx) { return try stored.open(box) }
        try await tx.execute("SELECT pg_advisory_xact_lock(hashtext('rookery.audit_key'))")
        if let stored = try await stored(in: tx) { return try stored.open(box) }
        let seed = Random.bytes(Ed25519.seedLength)
        let key = try AuditKey(seed: seed)
        let sealed = try box.seal(seed, for: binding(key.id))
        try await tx.execute(
            """
            INSERT INTO audit_key (id, public_key, private_key_sealed)
            VALUES (\(key.id), \(key.publicKey.bytes), \(sealed))
            """)
        return key
    }

    private static func stored(in tx: PlatformTransaction) async throws -> StoredAuditKey? {
        try await tx.first("SELECT \(StoredAuditKey.columns) FROM audit_key ORDER BY created_at, id LIMIT 1")
    }

    static func binding(_ id: String) -> [UInt8] { Array("audit_key/\(id)".utf8) }
}

/// What anybody may know of the key, and verify with.
package struct AuditPublicKey: Sendable, Equatable {
    package let bytes: [UInt8]
    /// SHA-256 in hexadecimal, by which people compare keys.
    package let fingerprint: String
    /// The first 16 digits of the fingerprint.
    package var id: String { String(fingerprint.prefix(16)) }

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
        fingerprint = SHA256.hex(bytes)
    }
}

/// A row of audit_key.
struct StoredAuditKey: RowDecodable {
    static let columns: SQL = "id, public_key, private_key_sealed"

    let id: String
    let publicKey: AuditPublicKey
    private let sealed: [UInt8]

    init(row: inout Row) throws {
        id = try row.next()
        publicKey = AuditPublicKey(try row.next())
        sealed = try row.next()
    }

    /// - Throws: `AuditKey.Fault.notGenuine`, also when the public key is not that of the private one.
    func open(_ box: SecretBox) throws -> AuditKey {
        guard let seed = try? box.open(sealed, for: AuditKey.binding(id)),
            let key = try? AuditKey(opened: seed), key.publicKey == publicKey, key.id == id
        else { throw AuditKey.Fault.notGenuine }
        return key
    }
}

extension AuditKey {
    fileprivate init(opened seed: [UInt8]) throws { try self.init(seed: seed) }
}
