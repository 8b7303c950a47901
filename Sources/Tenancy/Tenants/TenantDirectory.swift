import Platform
import Synchronization

/// What is asked about a tenant on every request, in memory.
package final class TenantDirectory: Sendable {
    package struct Entry: Sendable, Equatable {
        package let status: Tenant.Status
        /// nil: unlimited.
        package let requestsPerMinute: Int?
    }

    private let entries = Mutex<[ID<Tenant>: Entry]>([:])

    package init() {}

    /// nil: there is no such tenant, or it is not (yet) known.
    package subscript(tenant: ID<Tenant>) -> Entry? { entries.withLock { $0[tenant] } }

    func set(_ tenant: ID<Tenant>, _ entry: Entry) { entries.withLock { $0[tenant] = entry } }
}
