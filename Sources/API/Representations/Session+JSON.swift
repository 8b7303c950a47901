import Auth
import Platform

extension Session {
    /// - Parameter isCurrent: whether it is the one that asks.
    func write(to json: inout JSONWriter, isCurrent: Bool) {
        json.object {
            $0.field("id", id)
            $0.field("tenant_id", tenant)
            $0.field("address", address)
            $0.field("user_agent", userAgent)
            $0.field("created_at", createdAt)
            $0.field("last_used_at", lastUsedAt)
            $0.field("expires_at", expiresAt)
            $0.field("is_current", isCurrent)
        }
    }
}
