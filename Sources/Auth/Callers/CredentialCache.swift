import Platform
import Synchronization

/// Bearer tokens that were verified, by their SHA-256, so that neither signature nor database is looked at again.
///
/// Memory is bounded: entries are in two halves. What is used moves into the younger one; when that is full, the
/// older one is dropped as a whole and the younger one takes its place.
final class CredentialCache: Sendable {
    struct Entry: Sendable {
        let credential: Credential
        /// Under which number of the revocation list it was found not to be revoked.
        var generation: UInt64
        /// When the first to come looks into the database again; nil for what is true by its signature.
        var recheckAt: ContinuousClock.Instant?
    }

    private struct Halves {
        var younger: [TokenDigest: Entry] = [:]
        var older: [TokenDigest: Entry] = [:]
    }

    private let halves = Mutex(Halves())
    private let half: Int

    /// - Parameter capacity: entries at most.
    init(capacity: Int = 20_000) { half = max(1, capacity / 2) }

    subscript(digest: TokenDigest) -> Entry? {
        halves.withLock { halves in
            if let entry = halves.younger[digest] { return entry }
            guard let entry = halves.older.removeValue(forKey: digest) else { return nil }
            Self.put(entry, digest, in: &halves, half)
            return entry
        }
    }

    func set(_ digest: TokenDigest, _ entry: Entry) {
        halves.withLock { halves in
            halves.older[digest] = nil
            Self.put(entry, digest, in: &halves, half)
        }
    }

    func remove(_ digest: TokenDigest) {
        halves.withLock { halves in
            halves.younger[digest] = nil
            halves.older[digest] = nil
        }
    }

    func removeAll() { halves.withLock { $0 = Halves() } }

    var count: Int { halves.withLock { $0.younger.count + $0.older.count } }

    private static func put(_ entry: Entry, _ digest: TokenDigest, in halves: inout Halves, _ half: Int) {
        if halves.younger.count >= half, halves.younger[digest] == nil {
            halves.older = halves.younger
            halves.younger = [:]
        }
        halves.younger[digest] = entry
    }
}

/// The SHA-256 of a bearer token.
struct TokenDigest: Hashable, Sendable {
    private let first: UInt128
    private let second: UInt128

    init(of token: String) {
        (first, second) = SHA256.hash(token.utf8).withUnsafeBytes {
            $0.loadUnaligned(as: (UInt128, UInt128).self)
        }
    }
}
