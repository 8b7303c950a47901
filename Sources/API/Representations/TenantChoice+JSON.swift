import Auth
import Platform
import Tenancy

extension TenantChoice: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object {
            $0.field("tenant_id", tenant)
            $0.field("name", name)
            $0.field("role", role.rawValue)
        }
    }
}
