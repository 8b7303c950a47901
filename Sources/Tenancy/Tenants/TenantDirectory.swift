import Platform
import Synchronization

/// What is asked about a tenant on every request, in memory. `TenantDirectoryRefresh` keeps it current.
///
/// The API lets nobody into a tenant once the directory could not be refreshed for `reliableFor`, as with the
/// `RevocationList`: a suspension may have been missed. Ingest goes on with what is known: an update that is stored
/// for a suspended tenant harms nobody, one that is turned away may be lost.
package final class TenantDirectory: Sendable {
    package static let reliableFor = Duration.seconds(15)

    /// One tenant; there may be very many, so each takes little room.
    package struct Entry: Sendable, Equatable {
        package let status: Tenant.Status
        private let requests: Quota
        private let requestsOfCaller: Quota
        private let updatesOfBot: Quota

        package init(status: Tenant.Status, limits: TenantLimits) {
            self.status = status
            requests = Quota(limits[.requestsPerMinute])
            requestsOfCaller = Quota(limits[.requestsPerMinutePerCaller])
            updatesOfBot = Quota(limits[.ingestPerMinutePerBot])
        }

        /// nil: unlimited, as are the others.
        package var requestsPerMinute: Int? { requests.perMinute }
        package var requestsPerMinutePerCaller: Int? { requestsOfCaller.perMinute }
        package var updatesPerMinutePerBot: Int? { updatesOfBot.perMinute }
    }

    private struct Quota: Sendable, Equatable {
        private let raw: Int32

        init(_ perMinute: Int?) { raw = perMinute.map { Int32(clamping: max(0, $0)) } ?? -1 }

        var perMinute: Int? { raw < 0 ? nil : Int(raw) }
    }

    private struct State {
        var entries: [ID<Tenant>: Entry] = [:]
        /// When the last look that succeeded began.
        var refreshedAt: ContinuousClock.Instant?
    }

    private let state = Mutex(State())

    package init() {}

    /// Whether the tenants have been read once: before that, none can be told from one that does not exist.
    package var isLoaded: Bool { state.withLock { $0.refreshedAt != nil } }

    /// Whether the directory has been refreshed within a time.
    package func isFresh(within time: Duration, at now: ContinuousClock.Instant = .now) -> Bool {
        state.withLock { $0.refreshedAt.map { now - $0 <= time } ?? false }
    }

    package var count: Int { state.withLock(\.entries.count) }

    /// nil: there is no such tenant, it is deleted, or it is not (yet) known.
    package subscript(tenant: ID<Tenant>) -> Entry? { state.withLock { $0.entries[tenant] } }

    /// As the subscript, and for a tenant made a moment ago, of which this node has not heard yet, asks the database.
    /// What that says is not kept: it may be older than what the refresh finds meanwhile.
    package func entry(of tenant: ID<Tenant>, in database: Database) async throws -> Entry? {
        if let entry = self[tenant] { return entry }
        let row = try await database.read(tenant) { tx in
            try await tx.first(
                "SELECT \(TenantDirectoryRow.columns) FROM tenant WHERE id = \(tx.tenant)",
                as: TenantDirectoryRow.self)
        }
        return row.flatMap { $0.entry.status == .deleted ? nil : $0.entry }
    }

    // MARK: For the refresh

    func set(_ tenant: ID<Tenant>, _ entry: Entry) {
        state.withLock { $0.entries[tenant] = entry.status == .deleted ? nil : entry }
    }

    /// Forgets every tenant that is not among `tenants`.
    func retain(_ tenants: Set<ID<Tenant>>) {
        state.withLock { state in
            for tenant in state.entries.keys where !tenants.contains(tenant) {
                state.entries.removeValue(forKey: tenant)
            }
        }
    }

    /// - Parameter asked: before the database was asked.
    func markRefreshed(askedAt asked: ContinuousClock.Instant) { state.withLock { $0.refreshedAt = asked } }
}

struct TenantDirectoryRow: RowDecodable {
    static let columns: SQL = "tenant.id, tenant.status, tenant.limits"

    let tenant: ID<Tenant>
    let entry: TenantDirectory.Entry
    /// Whether what the row says of limits is understood.
    let hasLimits: Bool

    init(row: inout Row) throws {
        tenant = try row.next()
        let status = try row.next(Tenant.Status.self)
        let limits = try? TenantLimits(json: row.next())
        hasLimits = limits != nil
        entry = TenantDirectory.Entry(status: status, limits: limits ?? TenantLimits())
    }
}
