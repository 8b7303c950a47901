import Auth
import Platform
import Tenancy

/// `GET /v1/roles`: what each role may do.
enum Roles {
    @Sendable static func list(_ call: Call) async throws -> HTTPResponse {
        let query = try call.list()
        let last = query.after.flatMap(Role.init(rawValue:)).flatMap(Role.allCases.firstIndex)
        let rows = Role.allCases.dropFirst(last.map { $0 + 1 } ?? 0).prefix(query.limit + 1)
        return query.answer(Array(rows), key: \.rawValue) { json, role in
            json.object {
                $0.field("role", role.rawValue)
                $0.field("permissions", role.permissions.map(\.rawValue).sorted())
            }
        }
    }
}
