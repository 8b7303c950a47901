import Auth
import Platform
import Tenancy

/// `/v1/audit-events` and `/v1/platform/audit-events`: as a list, or all of it as a stream of lines.
enum AuditEvents {
    private static let filters: Set = [
        "actor", "action", "target", "outcome", "created_at[gte]", "created_at[lt]",
    ]

    @Sendable static func list(_ call: Call) async throws -> HTTPResponse {
        let query = try call.list(filters: filters)
        let filter = try AuditFilter(query, tenant: call.tenant)
        let page: Page = { last, limit in
            try await call.read { try await AuditRecord.page(filter, after: last, limit: limit, in: $0) }
        }
        let showsRevenue = call.caller.permissions.contains(.viewRevenue)
        guard try call.wantsExport(query) else { return try await answer(query, showsRevenue, page) }
        return try await call.write { tx in
            try await call.record(AuditEvent(.auditExport), in: tx)
            return export(showsRevenue, page)
        }
    }

    @Sendable static func listPlatform(_ call: Call) async throws -> HTTPResponse {
        let query = try call.list(filters: filters.union(["tenant_id"]))
        let tenant = try query.filter("tenant_id", expected: "a tenant's id, tenant_…") { ID<Tenant>($0) }
        let filter = try AuditFilter(query, tenant: tenant)
        let page: Page = { last, limit in
            try await call.readPlatform {
                try await AuditRecord.page(filter, after: last, limit: limit, in: $0)
            }
        }
        guard try call.wantsExport(query) else { return try await answer(query, true, page) }
        return try await call.writePlatform { tx in
            try await call.record(AuditEvent(.auditExport), in: tx)
            return export(true, page)
        }
    }

    private typealias Page = @Sendable (_ after: ID<AuditEvent>?, _ limit: Int) async throws -> [AuditRecord]

    private static func answer(
        _ query: ListQuery, _ showsRevenue: Bool, _ page: Page
    ) async throws -> HTTPResponse {
        let rows = try await page(query.after(AuditEvent.self), query.limit + 1)
        return query.answer(
            rows.map { AuditAnswer(record: $0, showsRevenue: showsRevenue) }, key: \.record.id.description)
    }

    /// Read and sent a batch at a time, as fast as the client takes it.
    private static func export(_ showsRevenue: Bool, _ page: @escaping Page) -> HTTPResponse {
        let batch = 500
        return HTTPResponse(
            status: 200, headers: ["Content-Type": NDJSON.type],
            body: .stream { writer in
                var rows: [AuditRecord] = []
                repeat {
                    rows = try await page(rows.last?.id, batch)
                    try await writer.write(
                        NDJSON.lines(rows.map { AuditAnswer(record: $0, showsRevenue: showsRevenue) }))
                } while rows.count == batch
            })
    }
}

extension AuditFilter {
    fileprivate init(_ query: ListQuery, tenant: ID<Tenant>?) throws {
        self.init(tenant: tenant)
        actor = try query.filter("actor", expected: "an id, such as admin_…") { TypeID($0)?.description }
        action = try query.filter("action", expected: "an action, such as admin.update") {
            AuditAction(rawValue: $0)?.rawValue
        }
        target = try query.text("target")
        outcome = try query.filter("outcome", expected: "success, denied or failure") {
            AuditEvent.Outcome(rawValue: $0)?.rawValue
        }
        from = try query.time("created_at[gte]")
        until = try query.time("created_at[lt]")
    }
}

extension Call {
    /// Whether all is asked for, as lines.
    /// - Throws: `Problem` 400 when it is asked for in pages as well.
    fileprivate func wantsExport(_ query: ListQuery) throws -> Bool {
        guard request.method == .get, NDJSON.isAccepted(by: request) else { return false }
        guard !query.isPaged else {
            throw Problem.badRequest(
                "invalid_parameter", "A parameter is wrong",
                detail: "\(NDJSON.type) takes neither limit nor cursor")
        }
        return true
    }
}
