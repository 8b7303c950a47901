import FoundationEssentials
import Platform
import Synchronization
import Tenancy

/// Which API keys were used, noted in memory and written to `last_used_at` at most once a minute each, many at a time
/// and apart from the requests. What a node that is killed had noted is lost.
final class APIKeyUses: Sendable {
    private struct Use: Sendable {
        let tenant: ID<Tenant>
        let at: Timestamp
    }

    private struct State {
        var pending: [ID<APIKey>: Use] = [:]
        var written: [ID<APIKey>: ContinuousClock.Instant] = [:]
    }

    private static let interval = Duration.seconds(60)
    private static let capacity = 50_000

    private let state = Mutex(State())

    func note(_ key: ID<APIKey>, of tenant: ID<Tenant>, at time: Timestamp) {
        state.withLock { state in
            guard state.pending.count < Self.capacity || state.pending[key] != nil else { return }
            state.pending[key] = Use(tenant: tenant, at: time)
        }
    }

    /// Writes what is due. What could not be written stays noted.
    func write(at now: ContinuousClock.Instant = .now, in database: Database) async throws {
        let due = state.withLock { state in
            state.written = state.written.filter { now - $0.value < Self.interval }
            let due = state.pending.filter { state.written[$0.key] == nil }
            for key in due.keys { state.pending[key] = nil }
            return due
        }
        guard !due.isEmpty else { return }
        do {
            try await database.writeUpkeep { tx in try await Self.write(due, in: tx) }
            state.withLock { state in
                for key in due.keys { state.written[key] = now }
            }
        } catch {
            state.withLock { $0.pending.merge(due) { later, _ in later } }
            throw error
        }
    }

    /// Locks the rows in one order, since other nodes write them, too. `updated_at` stays: a use is no change.
    private static func write(_ due: [ID<APIKey>: Use], in tx: PlatformTransaction) async throws {
        let keys = Array(due.keys)
        let tenants = keys.map { due[$0]?.tenant ?? .platform }
        let times = keys.map { due[$0]?.at ?? .now }
        try await tx.execute(
            """
            WITH used AS (
                SELECT key.tenant_id, key.id, use.at
                FROM unnest(\(tenants.map(\.uuid)), \(keys.map(\.uuid)), \(times)) AS use (tenant_id, id, at)
                JOIN api_key AS key ON key.tenant_id = use.tenant_id AND key.id = use.id
                WHERE key.last_used_at IS NULL OR key.last_used_at < use.at
                ORDER BY key.id
                FOR UPDATE OF key
            )
            UPDATE api_key AS key SET last_used_at = used.at FROM used
            WHERE key.tenant_id = used.tenant_id AND key.id = used.id
            """)
    }
}
