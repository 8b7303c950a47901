import Auth
import Platform

extension APIKey: JSONWritable {
    package func write(to json: inout JSONWriter) { json.object(members) }

    /// What is shown of a key, in answers of its own and in those that hold more.
    func members(_ json: inout JSONWriter) {
        json.field("id", id)
        json.field("name", name)
        json.field("hint", hint)
        json.field("permissions", permissions.map(\.rawValue))
        json.field("allowed_addresses", allowedAddresses)
        json.field("expires_at", expiresAt)
        json.field("last_used_at", lastUsedAt)
        json.field("created_by", createdBy)
        json.field("created_at", createdAt)
        json.field("updated_at", updatedAt)
    }
}
