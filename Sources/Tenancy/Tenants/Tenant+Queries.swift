import Platform

extension Tenant {
    /// Makes a tenant. Its slug comes from its name; when that is taken, with a number behind it.
    package static func create(name: String, limits: TenantLimits = TenantLimits(), in database: Database)
        async throws
        -> Tenant
    {
        let id = ID<Tenant>()
        let slug = slug(from: name)
        return try await database.system.withConnection { connection in
            for candidate in [slug, "\(slug.prefix(50))-\(id.suffix.suffix(10))"] {
                let created = try await connection.first(
                    """
                    INSERT INTO tenant (id, name, slug, limits) VALUES (\(id), \(name), \(candidate), \(limits.json)::jsonb)
                    ON CONFLICT ON CONSTRAINT tenant_slug DO NOTHING
                    RETURNING \(columns)
                    """, as: Tenant.self)
                if let created { return created }
            }
            throw PostgresError.unexpectedResult("no free slug for a tenant")
        }
    }

    package static func find(slug: String, in database: Database) async throws -> Tenant? {
        try await database.system.withConnection { connection in
            try await connection.first("SELECT \(columns) FROM tenant WHERE slug = \(slug)", as: Tenant.self)
        }
    }

    /// Lower-case letters and digits, everything else a hyphen: `Anna's Gym` → `anna-s-gym`.
    static func slug(from name: String) -> String {
        let parts = name.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
        let slug = parts.joined(separator: "-").prefix(63)
        return slug.isEmpty ? "tenant" : String(slug.hasSuffix("-") ? slug.dropLast() : slug)
    }
}
