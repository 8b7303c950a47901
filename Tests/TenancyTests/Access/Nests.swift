import Platform
import TestSupport

@testable import Tenancy

/// Two tenants with a row in every table that belongs to tenants.
struct Nests: Sendable {
    static let tables = [
        "tenant", "bot", "bot_registration", "update_log", "consumer", "consumer_cursor", "delivery",
        "delivery_attempt",
    ]

    struct Nest: Sendable {
        let tenant: Tenant
        let bot: Bot
        let consumer: Consumer
    }

    let owner: Nest
    let stranger: Nest

    init(_ fixture: Fixture) async throws {
        owner = try await Self.nest("Owner", fixture)
        stranger = try await Self.nest("Stranger", fixture)
    }

    private static func nest(_ name: String, _ fixture: Fixture) async throws -> Nest {
        let tenant = try await fixture.tenant(name)
        let bot = try await fixture.bot(in: tenant)
        let consumer = try await fixture.consumer(of: bot, url: "https://example.com/\(name)")
        try await fixture.appender().append(fixture.message(1, to: bot))
        try await fixture.tamper(
            """
            INSERT INTO delivery (tenant_id, id, consumer_id, bot_id, position, update_id, kind, lane, received_at,
                payload, status)
            VALUES (\(tenant.id), \(ID<DeliveryRow>()), \(consumer.id), \(bot.id), 1, 1, 'message', 'chat:1', now(),
                '{}', 'retrying')
            """)
        try await fixture.tamper(
            """
            INSERT INTO delivery_attempt (tenant_id, consumer_id, day, position, update_id, attempt, duration_ms, at)
            VALUES (\(tenant.id), \(consumer.id), (now() AT TIME ZONE 'UTC')::date, 1, 1, 1, 1, now())
            """)
        return Nest(tenant: tenant, bot: bot, consumer: consumer)
    }

    /// The column that names the tenant.
    static func tenantColumn(of table: String) -> String { table == "tenant" ? "id" : "tenant_id" }
}

/// Any error of the database's with this SQLSTATE.
func failure(of body: () async throws -> Void) async -> String? {
    do {
        try await body()
        return nil
    } catch PostgresError.server(let error) {
        return error.sqlState
    } catch {
        return "\(error)"
    }
}
