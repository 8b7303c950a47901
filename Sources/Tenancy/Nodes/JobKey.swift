import Platform

/// Which row of a table of jobs is meant, over all tenants, oldest first.
struct JobKey<Job: Identified>: RowDecodable, Sendable {
    let tenant: ID<Tenant>
    let id: ID<Job>
    let createdAt: Timestamp

    /// Before all others.
    static var least: JobKey {
        JobKey(tenant: .least, id: .least, createdAt: Timestamp(microsecondsSince1970: 0))
    }

    private init(tenant: ID<Tenant>, id: ID<Job>, createdAt: Timestamp) {
        self.tenant = tenant
        self.id = id
        self.createdAt = createdAt
    }

    init(row: inout Row) throws {
        tenant = try row.next()
        id = try row.next()
        createdAt = try row.next()
    }
}
