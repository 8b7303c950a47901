import Platform

extension Bot {
    /// The tenant has as many bots as it may have.
    package struct LimitReached: Error, CustomStringConvertible {
        package let limit: Int
        package var description: String { "the tenant may have \(limit) bots, and has them" }
    }

    /// Keeps others from connecting a bot of the tenant until the transaction ends: what is counted stays true.
    static func requireRoom(in tx: TenantTransaction) async throws {
        guard let tenant = try await Tenant.locked(in: tx) else { throw Tenant.Missing() }
        guard let limit = tenant.limits[.bots] else { return }
        let count = try await tx.value(
            "SELECT count(*) FROM bot WHERE tenant_id = \(tx.tenant) AND status <> 'deleted'", as: Int64.self)
        guard (count ?? 0) < Int64(limit) else { throw LimitReached(limit: limit) }
    }
}

extension Tenant {
    /// There is no such tenant, or no more.
    package struct Missing: Error, CustomStringConvertible {
        package var description: String { "there is no such tenant" }
    }
}
