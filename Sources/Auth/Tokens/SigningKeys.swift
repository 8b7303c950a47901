import Platform
import Synchronization

/// The signing keys that a node knows, the same for all its event loops.
package final class SigningKeys: Sendable {
    private struct State {
        /// By id; nil until the database has been read.
        var keys: [String: SigningKey]?
        /// Rows that could not be opened, so that each is complained of once.
        var unreadable: Set<String> = []
    }

    private let state = Mutex(State())
    let box: SecretBox
    private let logger: Logger

    package init(box: SecretBox, logger: Logger) {
        self.box = box
        self.logger = logger
    }

    /// Takes over what the database holds. Keys already known are not opened again.
    /// - Returns: whether a key went, and with it tokens that it vouched for.
    func replace(with rows: [SigningKeyRow]) -> Bool {
        let (known, complained) = state.withLock { ($0.keys ?? [:], $0.unreadable) }
        var keys: [String: SigningKey] = [:]
        var unreadable: Set<String> = []
        for row in rows {
            if let key = known[row.id], key.key.publicKey.point == row.point {
                keys[row.id] = SigningKey(
                    id: row.id, activeAt: row.activeAt, retiredAt: row.retiredAt, key: key.key)
            } else if complained.contains(row.id) {
                unreadable.insert(row.id)
            } else if let key = row.opened(with: box) {
                keys[row.id] = key
            } else {
                unreadable.insert(row.id)
                logger.error(
                    "a signing key cannot be opened and counts for nothing: is ROOKERY_MASTER_KEY the right one?",
                    ["key": row.id])
            }
        }
        state.withLock { $0 = State(keys: keys, unreadable: unreadable) }
        return known.keys.contains { keys[$0] == nil }
    }

    /// All that are not retired, the newest first.
    /// - Throws: `AccessTokens.NoKey` until they are loaded.
    func valid(at time: Timestamp) throws(AccessTokens.NoKey) -> [SigningKey] {
        guard let keys = state.withLock({ $0.keys }) else { throw AccessTokens.NoKey() }
        return keys.values.filter { !$0.isRetired(at: time) }.sorted { $0.activeAt > $1.activeAt }
    }

    /// The one that signs at a moment.
    /// - Throws: `AccessTokens.NoKey`
    func signing(at time: Timestamp) throws(AccessTokens.NoKey) -> SigningKey {
        let newest = try valid(at: time).first { $0.activeAt <= time }
        guard let newest else { throw AccessTokens.NoKey() }
        return newest
    }

    /// - Returns: nil when there is no such key, or no more.
    /// - Throws: `AccessTokens.NoKey` until there is one.
    func verifying(_ id: String, at time: Timestamp) throws(AccessTokens.NoKey) -> SigningKey? {
        let (key, isThereAny) = state.withLock { ($0.keys?[id], !($0.keys ?? [:]).isEmpty) }
        guard isThereAny else { throw AccessTokens.NoKey() }
        return key.flatMap { $0.isRetired(at: time) ? nil : $0 }
    }
}
