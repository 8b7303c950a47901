import Platform

extension Tenant {
    /// Makes a tenant. Its slug comes from its name; when that is taken, with a number behind it.
    package static func create(
        name: String, limits: TenantLimits = TenantLimits(), in tx: PlatformTransaction
    ) async throws -> Tenant {
        let id = ID<Tenant>()
        let slug = slug(from: name)
        for candidate in [slug, "\(slug.prefix(50))-\(id.suffix.suffix(10))"] {
            let created = try await tx.first(
                """
                INSERT INTO tenant (id, name, slug, limits, created_at, updated_at)
                VALUES (\(id), \(name), \(candidate), \(limits.json)::jsonb, clock_timestamp(), clock_timestamp())
                ON CONFLICT ON CONSTRAINT tenant_slug DO NOTHING
                RETURNING \(columns)
                """, as: Tenant.self)
            guard let created else { continue }
            try await tx.execute("SELECT pg_notify(\(BotDirectoryRefresh.channel), '')")
            return created
        }
        throw PostgresError.unexpectedResult("no free slug for a tenant")
    }

    package static func create(name: String, limits: TenantLimits = TenantLimits(), in database: Database)
        async throws -> Tenant
    {
        try await database.writePlatform { tx in try await create(name: name, limits: limits, in: tx) }
    }

    package static func find(slug: String, in database: Database) async throws -> Tenant? {
        try await database.readPlatform { tx in
            try await tx.first(
                "SELECT \(columns) FROM tenant WHERE slug = \(slug) AND status <> 'deleted'", as: Tenant.self)
        }
    }

    /// nil for one that is deleted, as for one that never was.
    package static func find(_ id: ID<Tenant>, in tx: PlatformTransaction) async throws -> Tenant? {
        try await tx.first(
            "SELECT \(columns) FROM tenant WHERE id = \(id) AND status <> 'deleted'", as: Tenant.self)
    }

    /// The newest first, deleted ones left out.
    package static func list(
        status: Status?, after: ID<Tenant>?, limit: Int, in tx: PlatformTransaction
    ) async throws -> [Tenant] {
        let isListed: SQL = status.map { "status = \($0)" } ?? "status <> 'deleted'"
        let isAfter: SQL = after.map { "id < \($0)" } ?? "true"
        return try await tx.all(
            "SELECT \(columns) FROM tenant WHERE \(isListed) AND \(isAfter) ORDER BY id DESC LIMIT \(Int64(limit))",
            as: Tenant.self)
    }

    /// The transaction's own.
    package static func current(in tx: TenantTransaction) async throws -> Tenant? {
        try await tx.first(
            "SELECT \(columns) FROM tenant WHERE id = \(tx.tenant) AND status <> 'deleted'", as: Tenant.self)
    }

    /// The same, kept from changing until the transaction ends. Foreign keys to it can still be made.
    package static func locked(in tx: TenantTransaction) async throws -> Tenant? {
        try await tx.first(
            """
            SELECT \(columns) FROM tenant WHERE id = \(tx.tenant) AND status <> 'deleted' FOR NO KEY UPDATE
            """, as: Tenant.self)
    }

    /// Writes name, status, limits, settings and billing as they are here, and tells every node.
    package func save(in tx: TenantTransaction) async throws -> Tenant {
        let saved = try await tx.first(
            """
            UPDATE tenant SET name = \(name), status = \(status), limits = \(limits.json)::jsonb,
                settings = \(JSONBytes(settings.json))::jsonb,
                billing = \(billing.map { JSONBytes($0.json) })::jsonb, updated_at = clock_timestamp()
            WHERE id = \(tx.tenant)
            RETURNING \(Self.columns)
            """, as: Tenant.self)
        guard let saved else { throw PostgresError.unexpectedResult("no row from UPDATE") }
        try await tx.execute("SELECT pg_notify(\(BotDirectoryRefresh.channel), '')")
        return saved
    }

    /// Lower-case letters and digits, everything else a hyphen: `Anna's Gym` → `anna-s-gym`.
    static func slug(from name: String) -> String {
        let parts = name.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
        let slug = parts.joined(separator: "-").prefix(63)
        return slug.isEmpty ? "tenant" : String(slug.hasSuffix("-") ? slug.dropLast() : slug)
    }
}
