import Auth
import Platform
import Tenancy
import TestSupport

@testable import API

/// An owner who calls handlers past the gate.
struct Visitor: Sendable {
    let fixture: Fixture
    let tenant: Tenant

    init(_ fixture: Fixture) async throws {
        self.fixture = fixture
        tenant = try await fixture.tenant()
    }

    func call(
        _ path: String, _ query: String? = nil, method: HTTPMethod = .get, parameters: [String: String] = [:],
        headers: HTTPHeaders = [:],
        isPlatformAdmin: Bool = false
    ) -> Call {
        var request = HTTPRequest(
            id: "req_1", method: method, path: path, query: query, headers: headers,
            peer: IPAddress(bytes: [127, 0, 0, 1]), deadline: .now + .seconds(10))
        request.parameters = PathParameters(parameters)
        let caller =
            isPlatformAdmin
            ? Caller(.platformAdmin(ID()), session: ID())
            : Caller(
                .admin(ID(), account: ID()), session: ID(), tenant: tenant.id, role: .owner,
                permissions: Role.owner.permissions)
        return Call(
            request, by: caller,
            Call.Surroundings(
                loop: fixture.loop, database: fixture.database, trail: fixture.trail, box: fixture.box))
    }
}

/// What a list answers.
struct ListAnswer {
    let data: [JSONValue]
    let next: String?
    let hasMore: Bool

    init(_ response: HTTPResponse) throws {
        guard case .bytes(let bytes) = response.body,
            case .object(let members) = try JSONValue(parsing: bytes),
            case .array(let data)? = members["data"]
        else { throw TimedOut("a list") }
        self.data = data
        if case .string(let next)? = members["next_cursor"] { self.next = next } else { next = nil }
        hasMore = members["has_more"] == .bool(true)
    }

    func values(_ name: String) -> [JSONValue?] {
        data.map { if case .object(let members) = $0 { members[name] } else { nil } }
    }
}

extension [JSONMember] {
    subscript(name: String) -> JSONValue? { first { $0.name == name }?.value }
}

/// The status of the problem that `body` throws.
func problem(of body: () async throws -> HTTPResponse) async -> String? {
    do {
        _ = try await body()
        return nil
    } catch let problem as Problem {
        return "\(problem.status) \(problem.code)"
    } catch {
        return "\(error)"
    }
}
