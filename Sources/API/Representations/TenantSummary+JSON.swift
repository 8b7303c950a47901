import Auth
import Platform
import Tenancy

extension TenantSummary: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object {
            $0.field("id", id)
            $0.field("name", name)
            $0.field("slug", slug)
            $0.field("status", status.rawValue)
        }
    }
}
