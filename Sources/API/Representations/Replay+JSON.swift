import Platform
import Tenancy

extension Replay: JSONWritable {
    var version: ETag { ETag(id, updatedAt) }

    /// How far it has come changes without it.
    var tag: ETag {
        version.variant(
            "\(progress.delivered ?? -1).\(progress.retrying).\(progress.dead).\(progress.expired)")
    }

    package func write(to json: inout JSONWriter) {
        json.object {
            $0.field("id", id)
            $0.field("consumer_id", source)
            $0.field("from", from)
            $0.field("to", to)
            $0.field("chat_id", chatID)
            $0.field("kinds", kinds)
            $0.field("per_second", Int64(perSecond))
            $0.field("status", status.rawValue)
            $0.field("total", total)
            $0.field("delivered", progress.delivered)
            $0.field("pending", progress.pending)
            $0.field("retrying", progress.retrying)
            $0.field("dead", progress.dead)
            $0.field("expired", progress.expired)
            $0.field("created_at", createdAt)
            $0.field("updated_at", updatedAt)
            $0.field("finished_at", finishedAt)
        }
    }
}
