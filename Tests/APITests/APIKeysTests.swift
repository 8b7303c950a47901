import Auth
import FoundationEssentials
import Platform
import Tenancy
import TestSupport
import Testing

@testable import API

@Suite("API keys by the API")
struct APIKeysTests {
    /// A key as clients see it.
    struct Key: Decodable {
        let id: String
        let name: String
        let hint: String
        let permissions: [String]
        let allowedAddresses: [String]?
        let expiresAt: String?
        let createdBy: String
        let key: String?

        private enum CodingKeys: String, CodingKey {
            case id, name, hint, permissions, key
            case allowedAddresses = "allowed_addresses"
            case expiresAt = "expires_at"
            case createdBy = "created_by"
        }

        init(_ answer: HTTPClientResponse) throws {
            self = try JSONDecoder().decode(Key.self, from: Data(answer.body))
        }
    }

    @Test("A key that is made is shown once, opens what it may, and nothing any more when it is deleted")
    func life() async throws {
        try await RunningApp.with { app in
            let person = try await app.fixture.admin(in: app.fixture.tenant())
            let owner = try await app.bearer(person)

            let made = try await app.send(
                "POST", "/v1/api-keys",
                json:
                    #"{"name":"Till","permissions":["view_bots","manage_api_keys"],"allowed_addresses":["127.0.0.1","::1/128"]}"#,
                as: owner)
            let key = try Key(made)
            let secret = try #require(key.key)
            let program = ("Authorization", "Bearer " + secret)
            let shown = try await app.get("/v1/api-keys/\(key.id)", as: program)
            let list = try await app.get("/v1/api-keys", as: program)
            let stale = try await app.send(
                "DELETE", "/v1/api-keys/\(key.id)", headers: [owner, ("If-Match", "\"other\"")])
            let deleted = try await app.send(
                "DELETE", "/v1/api-keys/\(key.id)", headers: [owner, ("If-Match", made.header("ETag")!)])
            let again = try await app.send("DELETE", "/v1/api-keys/\(key.id)", headers: [owner])

            #expect(made.status == 201)
            #expect(made.header("Location") == "/v1/api-keys/\(key.id)")
            #expect(key.name == "Till" && key.hint == secret.suffix(4) && key.createdBy == "\(person.admin!)")
            #expect(key.permissions == ["manage_api_keys", "view_bots"])
            #expect(key.allowedAddresses == ["127.0.0.1/32", "::1/128"])
            #expect(shown.status == 200 && shown.header("ETag") == made.header("ETag"))
            #expect(try Key(shown).key == nil)
            #expect(list.status == 200 && !String(decoding: list.body, as: UTF8.self).contains(secret))
            #expect(stale.status == 412)
            #expect(deleted.status == 204)
            #expect(again.status == 404)
            try await app.fixture.eventually("the key's end") {
                try await app.get("/v1/roles", as: program).status == 401
            }
        }
    }

    @Test("What a key must be is told field by field")
    func wrong() async throws {
        try await RunningApp.with { app in
            let owner = try await app.bearer(app.fixture.admin(in: app.fixture.tenant()))
            let bodies = [
                "{}", #"{"name":"","permissions":["view_bots"]}"#, #"{"name":"x","permissions":[]}"#,
                #"{"name":"x","permissions":["fly"]}"#,
                #"{"name":"x","permissions":["view_bots"],"allowed_addresses":["10.0.0.0/33"]}"#,
                #"{"name":"x","permissions":["view_bots"],"allowed_addresses":[]}"#,
                #"{"name":"x","permissions":["view_bots"],"expires_at":"2020-01-01T00:00:00Z"}"#,
                #"{"name":"x","permissions":["view_bots"],"expires_at":7}"#,
                #"{"name":"x","permissions":["view_bots"],"tenant_id":"tenant_01h455vb4pex5vsknk084sn02q"}"#,
                #"{"name":"x","permissions":["view_bots"],"created_by":"me"}"#,
            ]

            for body in bodies {
                let answer = try await app.send("POST", "/v1/api-keys", json: body, as: owner)

                _ = try ProblemAnswer(answer, 422, "invalid_fields")
            }
        }
    }

    @Test("A key cannot be given more than its maker has")
    func notMore() async throws {
        try await RunningApp.with { app in
            let tenant = try await app.fixture.tenant()
            let maker = try await app.bearer(key: [.manageAPIKeys, .viewBots], in: tenant)

            let more = try await app.send(
                "POST", "/v1/api-keys", json: #"{"name":"x","permissions":["view_bots","view_revenue"]}"#,
                as: maker)
            let same = try await app.send(
                "POST", "/v1/api-keys", json: #"{"name":"x","permissions":["view_bots"]}"#, as: maker)

            let problem = try ProblemAnswer(more, 403, "forbidden")
            #expect(problem.detail == "view_revenue")
            #expect(same.status == 201)
        }
    }

    @Test("A repetition gets the first answer, even when the key has expired meanwhile")
    func repetition() async throws {
        try await RunningApp.with { app in
            let owner = try await app.bearer(app.fixture.admin(in: app.fixture.tenant()))
            func post(_ key: String, _ expiry: Timestamp) async throws -> HTTPClientResponse {
                let body = #"{"name":"x","permissions":["view_bots"],"expires_at":"\#(expiry)"}"#
                return try await app.send(
                    "POST", "/v1/api-keys", json: body, as: owner, headers: [("Idempotency-Key", key)])
            }

            // The expiry is to be ahead when the first request comes: on a slow machine that is later.
            var (patience, expiry) = (1, Timestamp.now + .seconds(1))
            var first = try await post("once within 1", expiry)
            while first.status == 422, patience < 64 {
                patience *= 4
                expiry = .now + .seconds(patience)
                first = try await post("once within \(patience)", expiry)
            }
            try await app.fixture.eventually("the expiry", within: .seconds(120)) { expiry <= .now }
            let again = try await post("once within \(patience)", expiry)
            let late = try await post("twice", expiry)

            #expect(first.status == 201 && again.status == 201 && again.body == first.body)
            _ = try ProblemAnswer(late, 422, "invalid_fields")
        }
    }

    @Test("Only who manages keys may see them, and nobody another tenant's")
    func others() async throws {
        try await RunningApp.with { app in
            let tenant = try await app.fixture.tenant()
            let (_, key) = try await app.fixture.apiKey(in: tenant)
            let trainer = try await app.bearer(app.fixture.admin(in: tenant, role: .trainer))
            let stranger = try await app.bearer(app.fixture.admin(in: app.fixture.tenant()))

            for (method, path) in [
                ("GET", "/v1/api-keys"), ("GET", "/v1/api-keys/\(key.id)"),
                ("DELETE", "/v1/api-keys/\(key.id)"),
            ] {
                _ = try ProblemAnswer(
                    try await app.send(method, path, headers: [trainer]), 403, "forbidden")
            }
            for method in ["GET", "DELETE"] {
                _ = try ProblemAnswer(
                    try await app.send(method, "/v1/api-keys/\(key.id)", headers: [stranger]), 404,
                    "not_found")
            }
        }
    }

    @Test("A key used from elsewhere is refused with the address")
    func elsewhere() async throws {
        try await RunningApp.with { app in
            let tenant = try await app.fixture.tenant()
            let program = try await app.bearer(
                key: [.viewBots], in: tenant, allowedAddresses: [AddressRange("192.0.2.0/24")!])

            let answer = try await app.get("/v1/roles", as: program)

            let problem = try ProblemAnswer(answer, 403, "forbidden")
            #expect(problem.detail == "127.0.0.1")
        }
    }

    @Test("Making and deleting a key is in the audit trail, the key itself is not")
    func audited() async throws {
        try await RunningApp.with { app in
            let owner = try await app.bearer(app.fixture.admin(in: app.fixture.tenant()))
            let made = try Key(
                try await app.send(
                    "POST", "/v1/api-keys", json: #"{"name":"Till","permissions":["view_bots"]}"#, as: owner))
            _ = try await app.send("DELETE", "/v1/api-keys/\(made.id)", headers: [owner])

            let events = try await app.fixture.superuser.withConnection { connection in
                try await connection.values(
                    "SELECT audit_event::text FROM audit_event WHERE action LIKE 'api_key.%' ORDER BY created_at",
                    as: String.self)
            }

            #expect(events.count == 2)
            #expect(events[0].contains("api_key.create") && events[0].contains(made.hint))
            #expect(events[1].contains("api_key.delete") && events[1].contains(made.id))
            #expect(!events.joined().contains(try #require(made.key).dropFirst(8).prefix(30)))
        }
    }
}
