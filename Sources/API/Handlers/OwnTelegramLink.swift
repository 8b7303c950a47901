import Auth
import Platform
import Tenancy

/// `/v1/auth/telegram-link`: the Telegram account from which an admin may ask the tenant's bots about themselves.
enum OwnTelegramLink {
    /// A code to be sent to one of the tenant's bots that take admin commands. It replaces the last one.
    @Sendable static func create(_ call: Call) async throws -> HTTPResponse {
        let admin = try await call.admin()
        return try await call.write { tx in
            let code = LinkCode()
            guard let expiresAt = try await TelegramLink.offer(code, to: admin, in: tx) else {
                throw Problem.unauthorized("invalid_token")
            }
            try await call.record(AuditEvent(.telegramLinkOffer, of: AuditTarget(admin)), in: tx)
            var json = JSONWriter()
            json.object {
                $0.field("code", code.text)
                $0.field("command", "/link \(code.text)")
                $0.field("expires_at", expiresAt)
            }
            return .json(201, json.bytes, headers: ["Location": "/v1/auth/telegram-link"])
        }
    }

    @Sendable static func show(_ call: Call) async throws -> HTTPResponse {
        let admin = try await call.admin()
        let link = try await call.read { tx in try await TelegramLink.find(of: admin, in: tx) }
        var json = JSONWriter()
        json.object {
            $0.field("linked", link != nil)
            $0.field("telegram_user_id", link?.user)
            $0.field("linked_at", link?.linkedAt)
        }
        return .json(200, json.bytes)
    }

    /// Also takes back a code that was not used yet.
    @Sendable static func delete(_ call: Call) async throws -> HTTPResponse {
        let admin = try await call.admin()
        return try await call.write { tx in
            let (link, hadCode) = try await TelegramLink.remove(of: admin, in: tx)
            if link != nil || hadCode {
                try await call.record(
                    AuditEvent(
                        .telegramLinkDelete, of: AuditTarget(admin),
                        changes: AuditChanges(unlinking: link, withCode: hadCode)),
                    in: tx)
            }
            return .noContent
        }
    }
}

extension Call {
    /// The tenant's admin who calls.
    fileprivate func admin() async throws -> ID<Admin> {
        guard caller.tenant != nil else { throw Problem.tenantRequired }
        guard case .admin(let id, _) = caller.identity else { try await refuse("admin") }
        return id
    }
}
