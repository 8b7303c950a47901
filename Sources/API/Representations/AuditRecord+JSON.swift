import Auth
import Platform
import Tenancy

extension AuditRecord: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object {
            $0.field("id", id)
            $0.field("created_at", createdAt)
            $0.field("tenant_id", tenant == .platform ? nil : tenant)
            $0.field("actor") { json in
                json.object {
                    $0.field("type", actorType)
                    $0.field("id", actorID)
                }
            }
            $0.field("credential", credential)
            $0.field("on_behalf_of", onBehalfOf)
            $0.field("action", action)
            $0.field("target") { json in
                guard let targetType, let targetID else { return json.null() }
                json.object {
                    $0.field("type", targetType)
                    $0.field("id", targetID)
                }
            }
            $0.field("outcome", outcome)
            $0.field("changes", changes.map(Self.checked))
            $0.field("address", address)
            $0.field("user_agent", userAgent)
            $0.field("request_id", requestID)
        }
    }

    /// A text, should somebody have put in something else than JSON.
    private static func checked(_ changes: String) -> JSONBytes {
        let bytes = Array(changes.utf8)
        let isJSON = bytes.withUnsafeBufferPointer { text in
            var scanner = JSONScanner(text)
            return scanner.skipValue() && scanner.isAtEnd()
        }
        return JSONBytes(isJSON ? bytes : changes.json)
    }
}
