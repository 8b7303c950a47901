import Platform
import Tenancy

extension RetryJob: JSONWritable {
    var tag: ETag { ETag(id, updatedAt) }

    package func write(to json: inout JSONWriter) {
        json.object {
            $0.field("id", id)
            $0.field("consumer_id", consumer)
            $0.field("status", status.rawValue)
            $0.field("total", total)
            $0.field("done", done)
            $0.field("created_at", createdAt)
            $0.field("updated_at", updatedAt)
            $0.field("finished_at", finishedAt)
        }
    }
}
