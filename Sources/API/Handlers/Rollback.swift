import Auth
import Platform
import Tenancy

/// `/v1/platform/bots:use-polling` and `:use-webhook`: every bot, or one tenant's, polls, and back. 202: how updates come
/// in changes bot by bot.
struct Rollback: Sendable {
    let address: PublicAddress

    @Sendable func usePolling(_ call: Call) async throws -> HTTPResponse { try await roll(.usePolling, call) }

    @Sendable func useWebhook(_ call: Call) async throws -> HTTPResponse {
        guard address.url != nil || address.isPollingWithout else {
            throw Problem(
                409, "no_public_address", "There is no public address",
                detail: "Webhooks need ROOKERY_PUBLIC_URL")
        }
        return try await roll(.useWebhook, call)
    }

    private func roll(_ rollback: Bot.Rollback, _ call: Call) async throws -> HTTPResponse {
        let tenant = try scope(call)
        return try await call.writePlatform { tx in
            if let tenant, try await Tenant.find(tenant, in: tx) == nil {
                throw Problem.invalidFields([
                    .init(pointer: "/tenant_id", code: "not_found", detail: "is no tenant's id")
                ])
            }
            let count = try await pages(rollback, tenant, call)
            var json = JSONWriter()
            json.object { $0.field("bots", count) }
            return .json(202, json.bytes)
        }
    }

    /// Whose bots; nil for all. The tenant that the caller acts in goes for a body that names none.
    private func scope(_ call: Call) throws -> ID<Tenant>? {
        guard !call.request.body.isEmpty, let named = try call.body(RollbackScope.init).tenant else {
            return call.caller.tenant
        }
        if let own = call.caller.tenant, own != named {
            throw Problem.invalidField("/tenant_id", "contradiction", "is not the tenant of Rookery-Tenant")
        }
        return named
    }

    /// All of them would take longer than a statement may.
    /// - Returns: how many bots it is about.
    private func pages(_ rollback: Bot.Rollback, _ tenant: ID<Tenant>?, _ call: Call) async throws -> Int {
        var (count, last): (Int, BotKey?) = (0, nil)
        repeat {
            let page = try await call.writeApart { [last] tx in
                let page = try await Bot.roll(rollback, tenant: tenant, after: last, in: tx)
                for changed in page.changed {
                    try await call.record(.rolledBack(changed, rollback), for: changed.tenant, in: tx)
                }
                return page
            }
            count += page.changed.map(\.bots).reduce(0, +)
            last = page.last
        } while last != nil
        return count
    }
}

private struct RollbackScope {
    let tenant: ID<Tenant>?

    /// null is refused: who writes it may mean all, or have lost an id.
    init?(_ body: inout RequestBody) { tenant = body.patch("tenant_id", .id(of: Tenant.self)) }
}

extension AuditEvent {
    static func rolledBack(_ rolled: Bot.RolledBack, _ rollback: Bot.Rollback) -> AuditEvent {
        var changes = AuditChanges()
        changes.add("mode", from: nil, to: rollback == .usePolling ? "polling" : "webhook")
        changes.add("bots", to: .number("\(rolled.bots)"))
        return AuditEvent(.botRollback, of: AuditTarget(rolled.tenant), changes: changes)
    }
}
