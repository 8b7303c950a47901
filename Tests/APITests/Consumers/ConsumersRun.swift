import Auth
import Platform
import Tenancy
import TestSupport
import Testing

@testable import API

/// The whole program, and an owner with a bot.
struct ConsumersRun: Sendable {
    let app: RunningApp
    let tenant: Tenant
    let bot: Bot
    let owner: (String, String)

    var fixture: Fixture { app.fixture }

    static func with(
        limits: TenantLimits = .none, settings: [String: String] = [:],
        _ body: @escaping @Sendable (ConsumersRun) async throws -> Void
    ) async throws {
        try await RunningApp.with(settings: settings) { app in
            let tenant = try await app.fixture.tenant(limits: limits)
            let bot = try await app.fixture.bot(in: tenant, secret: RunningApp.webhookSecret)
            let owner = try await app.bearer(app.fixture.admin(in: tenant))
            try await body(ConsumersRun(app: app, tenant: tenant, bot: bot, owner: owner))
        }
    }

    // MARK: Asking

    func send(
        _ method: String, _ path: String, json: String? = nil, headers: [(String, String)] = []
    ) async throws -> HTTPClientResponse {
        guard let json else { return try await app.send(method, path, headers: [owner] + headers) }
        return try await app.send(method, path, json: json, as: owner, headers: headers)
    }

    func get(_ path: String) async throws -> JSONAnswer { try JSONAnswer(try await send("GET", path), 200) }

    func create(_ json: String) async throws -> HTTPClientResponse {
        try await send("POST", "/v1/bots/\(bot.id)/consumers", json: json)
    }

    /// A consumer, and its path.
    func make(_ json: String) async throws -> (path: String, answer: JSONAnswer) {
        let answer = try JSONAnswer(try await create(json), 201)
        return ("/v1/consumers/\(try answer.text("id"))", answer)
    }

    /// One that sends nothing anywhere.
    func makePaused() async throws -> (path: String, id: ID<Consumer>) {
        let (path, answer) = try await make(#"{"type":"push","url":"https://shop.example.com/x"}"#)
        _ = try JSONAnswer(try await send("POST", path + "/pause"), 200)
        return (path, ID(try answer.text("id"))!)
    }

    // MARK: Looking and tampering

    @discardableResult
    func tamper(_ sql: SQL) async throws -> Int {
        try await fixture.superuser.withConnection { try await $0.execute(sql) }
    }

    func count(_ sql: SQL) async throws -> Int64 {
        try await fixture.superuser.withConnection { try await $0.value(sql, as: Int64.self) ?? 0 }
    }

    /// Action and changes of what the trail says about consumers and deliveries, oldest first.
    func trail() async throws -> [String] {
        try await fixture.superuser.withConnection { connection in
            try await connection.values(
                """
                SELECT action || ' ' || coalesce(changes::text, '') FROM audit_event
                WHERE tenant_id = \(tenant.id) AND (action LIKE 'consumer.%' OR action LIKE 'delivery.%')
                ORDER BY id
                """, as: String.self)
        }
    }

    /// Puts a delivery row there, as failures do.
    func delivery(
        of consumer: ID<Consumer>, at position: Int64, _ status: DeliveryRow.Status, lane: String = "chat:1",
        isParking: Bool = false, attempts: Int = 9, nextAttemptAt: Timestamp? = nil,
        deadline: Timestamp? = nil
    ) async throws -> ID<DeliveryRow> {
        let id = ID<DeliveryRow>()
        try await tamper(
            """
            INSERT INTO delivery (tenant_id, id, consumer_id, bot_id, position, update_id, kind, lane, received_at,
                payload, status, is_parking, attempts, next_attempt_at, deadline, last_error)
            VALUES (\(tenant.id), \(id), \(consumer), \(bot.id), \(position), \(100 + position), 'message', \(lane),
                now(), \(#"{"update_id": 1}"#)::json, \(status), \(isParking), \(Int32(attempts)), \(nextAttemptAt),
                \(deadline), 'no answer in time')
            """)
        return id
    }
}
