import Platform
import Tenancy

extension DeliveryRecord: JSONWritable {
    package func write(to json: inout JSONWriter) { json.object(members) }

    fileprivate func members(_ json: inout JSONWriter) {
        json.field("id", id)
        json.field("consumer_id", consumer)
        json.field("replay_id", replay)
        json.field("update_id", updateID)
        json.field("position", position)
        json.field("kind", kind)
        json.field("lane", lane)
        json.field("status", status.rawValue)
        json.field("holds_lane", holdsLane)
        json.field("attempts", attempts)
        json.field("next_attempt_at", nextAttemptAt)
        json.field("last_error", lastError)
        json.field("received_at", receivedAt)
        json.field("created_at", createdAt)
        json.field("updated_at", updatedAt)
    }
}

extension DeliveryWithPayload: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object {
            record.members(&$0)
            $0.field("payload", payload)
        }
    }
}
