import Auth
import Platform
import Tenancy

/// An event as the caller may see it.
struct AuditAnswer: JSONWritable {
    private static let revenue = "billing."

    let record: AuditRecord
    /// Whether the caller holds view_revenue; what changed of the billing is left out otherwise.
    let showsRevenue: Bool

    func write(to json: inout JSONWriter) {
        json.object {
            $0.field("id", record.id)
            $0.field("created_at", record.createdAt)
            $0.field("tenant_id", record.tenant == .platform ? nil : record.tenant)
            $0.field("actor") { json in
                json.object {
                    $0.field("type", record.actorType)
                    $0.field("id", record.actorID)
                }
            }
            $0.field("credential", record.credential)
            $0.field("on_behalf_of", record.onBehalfOf)
            $0.field("action", record.action)
            $0.field("target") { json in
                guard let type = record.targetType, let id = record.targetID else { return json.null() }
                json.object {
                    $0.field("type", type)
                    $0.field("id", id)
                }
            }
            $0.field("outcome", record.outcome)
            $0.field("changes", changes)
            $0.field("address", record.address)
            $0.field("user_agent", record.userAgent)
            $0.field("request_id", record.requestID)
        }
    }

    private var changes: JSONBytes? {
        guard let changes = record.changes else { return nil }
        guard !showsRevenue, changes.contains(Self.revenue) else { return Self.checked(changes) }
        // What cannot be read is not shown either.
        guard case .object(let members)? = try? JSONValue(parsing: Array(changes.utf8)) else { return nil }
        let rest = members.filter { !$0.name.hasPrefix(Self.revenue) }
        return rest.isEmpty ? nil : JSONBytes(JSONValue.object(rest).json)
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
