import Platform
import Tenancy

extension ConsumerTest: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object {
            $0.field("status_code", statusCode)
            $0.field("duration_ms", duration.milliseconds)
            $0.field("error", error)
            // Whatever bytes an endpoint answers, this is text.
            $0.field("response", response.map { String(decoding: $0, as: UTF8.self) })
            $0.field("reply", reply)
            $0.field("at", at)
        }
    }
}

extension ReplyOutcome: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object {
            $0.field("method", method)
            $0.field("ok", isOK)
            $0.field("result", result)
        }
    }
}
