import Platform

extension Admin {
    /// A tenant always has an owner: the last one is neither removed nor made something else.
    package struct LastOwner: Error {}

    package static func list(after: ID<Admin>?, limit: Int, in tx: TenantTransaction) async throws -> [Admin]
    {
        let isAfter: SQL = after.map { "AND id < \($0)" } ?? ""
        return try await tx.all(
            """
            SELECT \(columns) FROM admin WHERE tenant_id = \(tx.tenant) \(isAfter)
            ORDER BY id DESC LIMIT \(Int64(limit))
            """, as: Admin.self)
    }

    package static func find(_ id: ID<Admin>, in tx: TenantTransaction) async throws -> Admin? {
        try await tx.first(
            "SELECT \(columns) FROM admin WHERE tenant_id = \(tx.tenant) AND id = \(id)", as: Admin.self)
    }

    /// Whether somebody with this e-mail is an admin of the transaction's tenant.
    package static func exists(email: String, in tx: TenantTransaction) async throws -> Bool {
        try await tx.value(
            """
            SELECT EXISTS (SELECT FROM admin WHERE tenant_id = \(tx.tenant)
                AND lower(email COLLATE "C") = \(EmailAddress.folded(email)))
            """, as: Bool.self) ?? false
    }

    /// The admin, kept from changing until the transaction ends, and with it who owns the tenant: the tenant's row is
    /// locked first, so of two requests that would each take one of two owners away the second sees what the first did.
    package static func locked(_ id: ID<Admin>, in tx: TenantTransaction) async throws -> Admin? {
        guard try await Tenant.locked(in: tx) != nil else { return nil }
        return try await tx.first(
            "SELECT \(columns) FROM admin WHERE tenant_id = \(tx.tenant) AND id = \(id) FOR UPDATE",
            as: Admin.self)
    }

    /// Of an admin from `locked`.
    /// - Throws: `LastOwner`
    package func setRole(_ role: Role, in tx: TenantTransaction) async throws -> Admin {
        if role != .owner { try await requireAnotherOwner(in: tx) }
        let changed = try await tx.first(
            """
            UPDATE admin SET role = \(role), updated_at = clock_timestamp()
            WHERE tenant_id = \(tx.tenant) AND id = \(id)
            RETURNING \(Self.columns)
            """, as: Admin.self)
        guard let changed else { throw PostgresError.unexpectedResult("no row from UPDATE") }
        return changed
    }

    /// Of an admin from `locked`. The person's account stays.
    /// - Throws: `LastOwner`
    package func remove(in tx: TenantTransaction) async throws {
        try await requireAnotherOwner(in: tx)
        try await tx.execute("DELETE FROM admin WHERE tenant_id = \(tx.tenant) AND id = \(id)")
    }

    private func requireAnotherOwner(in tx: TenantTransaction) async throws {
        guard role == .owner else { return }
        let another = try await tx.value(
            """
            SELECT EXISTS (SELECT FROM admin WHERE tenant_id = \(tx.tenant) AND role = 'owner' AND id <> \(id))
            """, as: Bool.self)
        guard another == true else { throw LastOwner() }
    }
}

extension Admin {
    /// Whom the platform writes to about the transaction's tenant.
    package static func ownerEmails(in tx: TenantTransaction) async throws -> [String] {
        struct Email: RowDecodable {
            let text: String
            init(row: inout Row) throws { text = try row.next() }
        }
        return try await tx.all(
            """
            SELECT email FROM admin WHERE tenant_id = \(tx.tenant) AND role = 'owner' ORDER BY id LIMIT 20
            """, as: Email.self
        ).map(\.text)
    }
}
