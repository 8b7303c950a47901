import Platform
import Synchronization

/// What is asked about a tenant on every request, in memory. `TenantDirectoryRefresh` keeps it current.
package final class TenantDirectory: Sendable {
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
        var isLoaded = false
    }

    private let state = Mutex(State())

    package init() {}

    /// Whether the tenants have been read once: before that, none can be told from one that does not exist.
    package var isLoaded: Bool { state.withLock(\.isLoaded) }

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

    func markLoaded() { state.withLock { $0.isLoaded = true } }
}

struct TenantDirectoryRow: RowDecodable {
    static let columns: SQL = "tenant.id, tenant.status, tenant.limits"

    let tenant: ID<Tenant>
    let entry: TenantDirectory.Entry

    init(row: inout Row) throws {
        tenant = try row.next()
        entry = TenantDirectory.Entry(status: try row.next(), limits: try TenantLimits(json: row.next()))
    }
}
