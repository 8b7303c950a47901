import Platform
import Tenancy

/// A row of `signing_key`.
struct SigningKeyRow: RowDecodable {
    let id: String
    let point: [UInt8]
    let sealed: [UInt8]
    let activeAt: Timestamp
    let retiredAt: Timestamp?

    init(row: inout Row) throws {
        id = try row.next()
        point = try row.next()
        sealed = try row.next()
        activeAt = try row.next()
        retiredAt = try row.next()
    }

    /// nil for a key that this node's master keys do not open, or whose parts do not belong together.
    func opened(with box: SecretBox) -> SigningKey? {
        guard let scalar = try? box.open(sealed, for: SigningKey.binding(id)),
            let key = P256.PrivateKey(scalar: scalar, point: point), key.publicKey.thumbprint == id
        else { return nil }
        return SigningKey(id: id, activeAt: activeAt, retiredAt: retiredAt, key: key)
    }

    /// A few at most: there is one for every month, and retired ones are not read.
    static func all(in tx: PlatformTransaction) async throws -> [SigningKeyRow] {
        try await tx.all(
            """
            SELECT id, public_key, private_key_sealed, active_at, retired_at FROM signing_key
            WHERE retired_at IS NULL OR retired_at > clock_timestamp()
            ORDER BY active_at DESC LIMIT 50
            """)
    }
}

/// When a key is to be made.
package enum SigningKeyRotation: Sendable {
    /// When there is none that signs, or the newest has signed long enough.
    case whenDue
    /// The next one, to sign after the usual time in the JWKS.
    case next
    /// The next one, to sign in a few seconds.
    case now
}

extension SigningKeys {
    /// What `rotate` has done.
    package struct Rotated: Sendable {
        package let id: String
        package let activeAt: Timestamp
    }

    /// Makes the next key when it is time; of several nodes that do so at once, one makes it.
    /// - Returns: the next key, made now or waiting already; nil when none is due.
    package func rotate(_ rotation: SigningKeyRotation, in tx: PlatformTransaction) async throws -> Rotated? {
        try await tx.execute("SELECT pg_advisory_xact_lock(hashtext('rookery.signing_key'))")
        guard let now = try await tx.value("SELECT clock_timestamp()", as: Timestamp.self) else { return nil }
        _ = replace(with: try await SigningKeyRow.all(in: tx))
        let keys = try valid(at: now)
        let pending = keys.first { $0.activeAt > now }
        guard keys.contains(where: { $0.signs(at: now) }) else {
            return try await make(activeAt: now, replacing: keys, in: tx)
        }
        switch rotation {
        case .whenDue:
            guard try isDue(at: now) else { return nil }
            return try await make(activeAt: now + SigningKey.publishedAhead, replacing: keys, in: tx)
        case .next:
            if let pending { return Rotated(id: pending.id, activeAt: pending.activeAt) }
            return try await make(activeAt: now + SigningKey.publishedAhead, replacing: keys, in: tx)
        case .now:
            let activeAt = now + SigningKey.publishedAheadAtLeast
            guard let pending else { return try await make(activeAt: activeAt, replacing: keys, in: tx) }
            return try await bringForward(
                pending, to: min(activeAt, pending.activeAt), replacing: keys, in: tx)
        }
    }

    /// Whether a key is to be made: as far as this node knows.
    func isDue(at now: Timestamp) throws(AccessTokens.NoKey) -> Bool {
        let keys = try valid(at: now)
        guard let newest = keys.first, keys.contains(where: { $0.signs(at: now) }) else { return true }
        return newest.activeAt + SigningKey.period - SigningKey.publishedAhead <= now
    }

    private func make(
        activeAt: Timestamp, replacing keys: [SigningKey], in tx: PlatformTransaction
    ) async throws -> Rotated {
        guard let key = P256.PrivateKey(), let scalar = key.scalar else { throw SecretBox.Failure.cannotSeal }
        let id = key.publicKey.thumbprint
        let sealed = try box.seal(scalar, for: SigningKey.binding(id))
        try await tx.execute(
            """
            INSERT INTO signing_key (id, public_key, private_key_sealed, active_at)
            VALUES (\(id), \(key.publicKey.point), \(sealed), \(activeAt))
            """)
        try await retire(keys, after: activeAt, in: tx)
        return Rotated(id: id, activeAt: activeAt)
    }

    private func bringForward(
        _ key: SigningKey, to activeAt: Timestamp, replacing keys: [SigningKey], in tx: PlatformTransaction
    ) async throws -> Rotated {
        try await tx.execute("UPDATE signing_key SET active_at = \(activeAt) WHERE id = \(key.id)")
        try await retire(keys.filter { $0.id != key.id }, after: activeAt, in: tx)
        return Rotated(id: key.id, activeAt: activeAt)
    }

    /// Gives the keys their end. Those that this node cannot open are another's, with another master key.
    private func retire(
        _ keys: [SigningKey], after activeAt: Timestamp, in tx: PlatformTransaction
    ) async throws {
        let end = activeAt + SigningKey.verifiesAfterwards
        try await tx.execute(
            """
            UPDATE signing_key SET retired_at = \(end)
            WHERE id = ANY(\(keys.map(\.id))) AND (retired_at IS NULL OR retired_at > \(end))
            """)
        try await tx.execute("SELECT pg_notify(\(Revocation.channel), '')")
    }
}
