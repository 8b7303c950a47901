import FoundationEssentials
import Platform
import Tenancy
import TestSupport
import Testing

@testable import API

/// What signing in gives, as a client reads it.
struct TokenAnswer: Decodable, Equatable {
    let accessToken: String
    let tokenType: String
    let expiresIn: Int
    let refreshToken: String

    var bearer: (String, String) { ("Authorization", "Bearer " + accessToken) }

    private enum CodingKeys: String, CodingKey {
        case accessToken = "access_token"
        case tokenType = "token_type"
        case expiresIn = "expires_in"
        case refreshToken = "refresh_token"
    }

    init(_ answer: HTTPClientResponse, location: SourceLocation = #_sourceLocation) throws {
        try #require(
            answer.status == 200, "\(String(decoding: answer.body, as: UTF8.self))", sourceLocation: location)
        self = try JSONDecoder().decode(TokenAnswer.self, from: Data(answer.body))
    }
}

/// A problem with what 409 `tenant_required` and 422 `invalid_fields` add.
struct FieldProblem: Decodable {
    struct Field: Decodable, Equatable {
        let pointer: String
        let code: String
    }
    struct Choice: Decodable, Equatable {
        let tenant: String
        let name: String
        let role: String

        private enum CodingKeys: String, CodingKey { case tenant = "tenant_id", name, role }

        init(_ tenant: Tenant, _ role: Role) {
            (self.tenant, name, self.role) = ("\(tenant.id)", tenant.name, role.rawValue)
        }
    }
    let code: String
    let errors: [Field]?
    let tenants: [Choice]?

    init(_ answer: HTTPClientResponse) throws {
        self = try JSONDecoder().decode(FieldProblem.self, from: Data(answer.body))
    }

    /// `/password too_short`
    var fields: [String] { (errors ?? []).map { "\($0.pointer) \($0.code)" } }
}

extension RunningApp {
    func postJSON(
        _ path: String, _ members: [String: String], headers: [(String, String)] = []
    ) async throws -> HTTPClientResponse {
        let body = try JSONEncoder().encode(members)
        return try await send(
            "POST", path, headers: [("Content-Type", "application/json")] + headers, body: Array(body))
    }

    func login(
        _ email: String = "ada@example.com", _ password: String = Fixture.password, tenant: Tenant? = nil,
        headers: [(String, String)] = []
    ) async throws -> HTTPClientResponse {
        try await isReady(for: tenant?.id)
        var members = ["email": email, "password": password]
        if let tenant { members["tenant_id"] = "\(tenant.id)" }
        return try await postJSON("/v1/auth/login", members, headers: headers)
    }

    func refresh(_ token: String) async throws -> HTTPClientResponse {
        try await postJSON("/v1/auth/refresh", ["refresh_token": token])
    }

    /// An admin with an account and `Fixture.password`, signed in.
    func signedIn(
        _ email: String = "ada@example.com", as role: Role = .owner, in tenant: Tenant
    ) async throws -> TokenAnswer {
        try await fixture.admin(fixture.account(email), as: role, in: tenant)
        try await isReady(for: tenant.id)
        return try TokenAnswer(await login(email, tenant: tenant))
    }

    func json(_ answer: HTTPClientResponse) throws -> JSONValue { try JSONValue(parsing: answer.body) }

    func audit(_ action: String) async throws -> [String] {
        try await fixture.superuser.withConnection { connection in
            try await connection.values(
                "SELECT outcome || ' ' || actor_type FROM audit_event WHERE action = \(action) ORDER BY id",
                as: String.self)
        }
    }
}

extension JSONValue {
    /// A member of an object; null when there is none.
    subscript(name: String) -> JSONValue {
        guard case .object(let members) = self else { return .null }
        return members.first { $0.name == name }?.value ?? .null
    }

    var elements: [JSONValue] { if case .array(let values) = self { values } else { [] } }
}
