import Auth
import Platform
import Tenancy

/// `/v1/auth/sessions`: where a person is signed in, in whatever tenants.
enum OwnSessions {
    @Sendable static func list(_ call: Call) async throws -> HTTPResponse {
        let (account, current) = try call.person()
        let query = try call.list()
        let last = try query.after(Session.self)
        let rows = try await call.readPlatform { tx in
            try await Session.list(of: account, after: last, limit: query.limit + 1, in: tx)
        }
        return query.answer(rows, key: \.id.description) { json, session in
            session.write(to: &json, isCurrent: session.id == current)
        }
    }

    @Sendable static func delete(_ call: Call) async throws -> HTTPResponse {
        let (account, _) = try call.person()
        let id = try call.id("session_id", of: Session.self)
        return try await call.writePlatform { tx in
            guard try await end(id, of: account, by: call, in: tx) else { throw Problem.notFound }
            return .noContent
        }
    }

    /// - Returns: false when the person has no such session, or it has ended already.
    @discardableResult
    static func end(
        _ id: ID<Session>, of account: ID<Account>, by call: Call, in tx: PlatformTransaction
    ) async throws -> Bool {
        guard let ended = try await Session.end(id, of: account, in: tx) else { return false }
        try await call.record(AuditEvent(.signOut, of: AuditTarget(id)), for: ended.tenant, in: tx)
        return true
    }
}
