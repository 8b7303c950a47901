import Platform
import Tenancy

extension LoggedUpdate: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object {
            $0.field("update_id", updateID)
            $0.field("kind", kind)
            $0.field("lane", lane)
            $0.field("position", position)
            $0.field("received_at", receivedAt)
            $0.field("payload", payload)
        }
    }
}
