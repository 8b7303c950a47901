import Auth
import Platform
import Tenancy

/// `GET /v1/auth/me`: who asks, where they act and what they may do there.
enum Me {
    @Sendable static func show(_ call: Call) async throws -> HTTPResponse {
        let caller = call.caller
        let (account, tenant) = try await call.lookUp { tx in
            var (account, tenant): (Account?, TenantSummary?)
            if let id = caller.account { account = try await Account.find(id, in: tx) }
            if let id = caller.tenant { tenant = try await TenantSummary.find(id, in: tx) }
            return (account, tenant)
        }
        var (admin, apiKey): (ID<Admin>?, ID<APIKey>?)
        switch caller.identity {
        case .admin(let id, _): admin = id
        case .apiKey(let id): apiKey = id
        case .platformAdmin, .operator, .platform, .stranger: break
        }
        var json = JSONWriter()
        json.object {
            $0.field("type", caller.kind)
            $0.field("account", account)
            $0.field("admin_id", admin)
            $0.field("api_key_id", apiKey)
            $0.field("session_id", caller.session)
            $0.field("tenant", tenant)
            $0.field("role", caller.role?.rawValue)
            $0.field(
                "permissions", tenant == nil ? [] : caller.permissions.map(\.rawValue).sorted())
        }
        return .json(200, json.bytes)
    }
}
