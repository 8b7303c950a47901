import Platform
import Tenancy

extension APIKey {
    /// What a key is made of.
    package struct New: Sendable {
        package let name: String
        package let permissions: [Permission]
        package let allowedAddresses: [AddressRange]?
        package let expiresAt: Timestamp?

        package init(
            name: String, permissions: [Permission], allowedAddresses: [AddressRange]? = nil,
            expiresAt: Timestamp? = nil
        ) {
            self.name = name
            self.permissions = permissions
            self.allowedAddresses = allowedAddresses
            self.expiresAt = expiresAt
        }
    }

    /// - Parameter maker: a TypeID.
    package static func create(
        _ new: New, secret: APIKeySecret, by maker: String, in tx: TenantTransaction
    ) async throws -> APIKey {
        let permissions = Set(new.permissions).map(\.rawValue).sorted()
        let addresses = new.allowedAddresses?.map(\.description)
        let created: APIKey? = try await tx.first(
            """
            INSERT INTO api_key (tenant_id, id, name, digest, hint, permissions, allowed_addresses, expires_at, created_by)
            VALUES (\(tx.tenant), \(ID<APIKey>()), \(new.name), \(secret.digest), \(secret.hint), \(permissions),
                \(addresses), \(new.expiresAt), \(maker))
            RETURNING \(columns)
            """)
        guard let created else { throw PostgresError.unexpectedResult("no row for a new API key") }
        return created
    }

    /// The newest first.
    package static func all(
        after last: ID<APIKey>?, limit: Int, in tx: TenantTransaction
    ) async throws -> [APIKey] {
        let rest: SQL = last.map { "AND id < \($0)" } ?? ""
        return try await tx.all(
            """
            SELECT \(columns) FROM api_key
            WHERE tenant_id = \(tx.tenant) \(rest)
            ORDER BY id DESC LIMIT \(limit)
            """)
    }

    package static func find(_ id: ID<APIKey>, in tx: TenantTransaction) async throws -> APIKey? {
        try await tx.first("SELECT \(columns) FROM api_key WHERE tenant_id = \(tx.tenant) AND id = \(id)")
    }

    /// Deletes it; it opens nothing any more on any node within a second of the commit.
    /// - Returns: what was deleted.
    package static func delete(_ id: ID<APIKey>, in tx: TenantTransaction) async throws -> APIKey? {
        let deleted: APIKey? = try await tx.first(
            "DELETE FROM api_key WHERE tenant_id = \(tx.tenant) AND id = \(id) RETURNING \(columns)")
        if deleted != nil { try await Revocation.add(id, in: tx) }
        return deleted
    }
}

/// What a key opens: looked up before its tenant is known.
struct APIKeyGrant: RowDecodable {
    let credential: Credential

    init(row: inout Row) throws {
        let tenant = try row.next(ID<Tenant>.self)
        let id = try row.next(ID<APIKey>.self)
        let permissions = try row.next([String].self).compactMap(Permission.init(rawValue:))
        // What somebody wrote by hand and does not parse allows nothing.
        let addresses = try row.next([String]?.self)?.compactMap { AddressRange($0) }
        credential = Credential(
            caller: Caller(.apiKey(id), tenant: tenant, permissions: Set(permissions)), issuedAt: nil,
            expiresAt: try row.next(), allowedAddresses: addresses)
    }

    /// - Returns: nil for an unknown key. Whether it has expired is the caller's to see.
    static func find(_ secret: APIKeySecret, in tx: PlatformTransaction) async throws -> APIKeyGrant? {
        try await tx.first(
            """
            SELECT tenant_id, id, permissions, allowed_addresses, expires_at FROM api_key
            WHERE digest = \(secret.digest)
            """)
    }
}
