import Platform
import Tenancy

extension Admin: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object {
            $0.field("id", id)
            $0.field("email", email)
            $0.field("name", name)
            $0.field("role", role.rawValue)
            $0.field("created_at", createdAt)
            $0.field("updated_at", updatedAt)
        }
    }
}
