import Auth
import FoundationEssentials
import Platform
import Synchronization
import Tenancy
import TestSupport
import Testing

@testable import API

@Suite("Who is let in")
struct AccessTests {
    @Test("Without a token, with a wrong scheme or two of them, one is asked for one")
    func withoutToken() async throws {
        try await RunningApp.with { app in
            let good = try await app.bearer(app.fixture.admin(in: app.fixture.tenant()))
            let headers: [[(String, String)]] = [
                [], [("Authorization", "Basic YTpi")], [("Authorization", "Bearer ")], [good, good],
            ]

            for headers in headers {
                let answer = try await app.send("GET", "/v1/roles", headers: headers)

                _ = try ProblemAnswer(answer, 401, "unauthorized")
                #expect(answer.header("WWW-Authenticate") == #"Bearer realm="rookery""#)
                #expect(answer.header("RateLimit") != nil)
            }
        }
    }

    @Test("A parameter is refused where there is none, after the permission has been looked at")
    func parameters() async throws {
        try await RunningApp.with { app in
            let tenant = try await app.fixture.tenant()
            let owner = try await app.bearer(app.fixture.admin(in: tenant))
            let support = try await app.bearer(app.fixture.admin(in: tenant, role: .support))
            let cases: [(String, String, (String, String), Int, String)] = [
                ("GET", "/v1/tenant?fields=name", owner, 400, "unknown_parameter"),
                ("GET", "/v1/tenant?x=%FF", owner, 400, "invalid_parameter"),
                ("DELETE", "/v1/admins/\(ID<Admin>())?force=1", owner, 400, "unknown_parameter"),
                ("POST", "/v1/auth/login?x", owner, 400, "unknown_parameter"),
                ("GET", "/v1/roles?x=1", owner, 400, "unknown_parameter"),
                ("PATCH", "/v1/tenant?dry_run=1", support, 403, "forbidden"),
            ]

            for (method, path, caller, status, code) in cases {
                _ = try ProblemAnswer(try await app.send(method, path, headers: [caller]), status, code)
            }
            for path in ["/v1/tenant?", "/v1/roles?limit=1"] {
                #expect(try await app.get(path, as: owner).status == 200)
            }
        }
    }

    @Test("A token that is not genuine is refused, and only that is told")
    func wrongToken() async throws {
        try await RunningApp.with { app in
            let good = try await app.bearer(app.fixture.admin(in: app.fixture.tenant())).1

            for token in [good + "x", "Bearer none", "Bearer a.b.c", "Bearer " + APIKeySecret().text] {
                let answer = try await app.send("GET", "/v1/roles", headers: [("Authorization", token)])

                let problem = try ProblemAnswer(answer, 401, "invalid_token")
                #expect(problem.detail == nil)
                #expect(
                    answer.header("WWW-Authenticate") == #"Bearer realm="rookery", error="invalid_token""#)
            }
        }
    }

    @Test("A revoked session is out on another node as soon as that has looked")
    func revokedElsewhere() async throws {
        try await RunningApp.with { app in
            let node = try await app.fixture.node()
            let person = try await app.fixture.admin(in: app.fixture.tenant())
            let bearer = try await app.bearer(person)
            let token = String(bearer.1.dropFirst(7))
            try await node.upkeep.refresh()
            _ = try await node.caller(of: token)
            let before = try await app.get("/v1/roles", as: bearer).status

            try await app.fixture.database.write(person.tenant!) { tx in
                try await Revocation.add(person.session, in: tx)
            }

            try await app.fixture.eventually("the end of the session") {
                try await app.get("/v1/roles", as: bearer).status == 401
            }
            try await node.upkeep.refresh()
            #expect(before == 200)
            await #expect(throws: Authenticator.Failure.self) { try await node.caller(of: token) }
        }
    }

    @Test("The JWKS holds the public keys that tokens are verified with, and no private one")
    func jsonWebKeys() async throws {
        struct Keys: Decodable { let keys: [[String: String]] }
        try await RunningApp.with { app in
            try await app.isReady()
            let token = try await app.bearer(app.fixture.admin(in: app.fixture.tenant())).1.dropFirst(7)

            let answer = try await app.get("/.well-known/jwks.json")

            let keys = try JSONDecoder().decode(Keys.self, from: Data(answer.body)).keys
            let key = try #require(keys.first)
            #expect(answer.status == 200)
            #expect(answer.header("Content-Type") == "application/json")
            #expect(answer.header("Cache-Control") == "public, max-age=300")
            #expect(keys.count == 1)
            #expect(Set(key.keys) == ["kty", "crv", "x", "y", "kid", "alg", "use"])
            let point =
                try [4] + #require(Base64.decode(key["x"]!, .urlSafe)) + #require(
                    Base64.decode(key["y"]!, .urlSafe))
            let publicKey = try #require(P256.PublicKey(point: point))
            #expect(publicKey.thumbprint == key["kid"])
            let parts = token.split(separator: ".")
            let signature = try #require(Base64.decode(parts[2], .urlSafe))
            #expect(publicKey.verify(signature, of: "\(parts[0]).\(parts[1])".utf8))
        }
    }

    @Test("The command rotates the key, and the audit trail says who did")
    func rotateCommand() async throws {
        try await RunningApp.with { app in
            try await app.isReady()
            let bearer = try await app.bearer(app.fixture.admin(in: app.fixture.tenant()))
            let printed = Mutex<[String]>([])
            let environment = ProcessEnvironment(
                variables: [
                    "ROOKERY_ENV": "development", "DATABASE_URL": try app.fixture.testDatabase.programURL(),
                    "ROOKERY_MASTER_KEY": app.fixture.masterKey,
                ], readLine: { nil }, print: { line in printed.withLock { $0.append(line) } },
                printError: { _ in })

            let status = await CommandLineFront(
                words: ["signing-key", "rotate", "--now"], environment: environment
            ).run()

            #expect(status == .success)
            let id = try #require(printed.withLock { $0.first }).prefix { $0 != " " }
            try await app.fixture.eventually("the new key in the JWKS") {
                String(decoding: try await app.get("/.well-known/jwks.json").body, as: UTF8.self).contains(id)
            }
            #expect(try await app.get("/v1/roles", as: bearer).status == 200)
            let events = try await app.fixture.superuser.withConnection { connection in
                try await connection.values(
                    "SELECT actor_type || ' ' || action || ' ' || target_id FROM audit_event ORDER BY id",
                    as: String.self)
            }
            // The first is that of the key with which the node began.
            #expect(events.count == 2 && events.last == "operator signing_key.rotate \(id)")
        }
    }
}
