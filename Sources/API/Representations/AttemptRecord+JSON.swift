import Platform
import Tenancy

extension AttemptRecord: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object {
            // A number that only tells attempts apart, and so a text, as every id is.
            $0.field("id", "\(id)")
            $0.field("update_id", updateID)
            $0.field("position", position)
            $0.field("attempt", number)
            $0.field("status_code", statusCode)
            $0.field("duration_ms", milliseconds)
            $0.field("error", error)
            // Whatever bytes an endpoint answers, this is text.
            $0.field("response", response.map { String(decoding: $0, as: UTF8.self) })
            $0.field("reply", reply)
            $0.field("at", at)
        }
    }
}

extension AttemptRecord.Reply: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object {
            $0.field("method", method)
            $0.field("ok", isOK)
            $0.field("result", result)
        }
    }
}
