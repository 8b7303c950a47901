import Platform
import Tenancy

extension PulledUpdate: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object {
            $0.field("position", position)
            $0.field("update_id", updateID)
            $0.field("kind", kind)
            $0.field("received_at", receivedAt)
            $0.field("payload", payload)
        }
    }
}

extension PullOutcome: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object {
            $0.field("data", updates)
            $0.field("has_more", hasMore)
        }
    }

    /// Made in one piece: it may be large.
    package var json: [UInt8] {
        var writer = JSONWriter(capacity: updates.reduce(64) { $0 + $1.payload.bytes.count + 160 })
        write(to: &writer)
        return writer.bytes
    }
}
