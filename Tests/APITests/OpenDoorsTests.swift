import Auth
import FoundationEssentials
import Platform
import Tenancy
import TestSupport
import Testing

@testable import API

@Suite("Doors left open by others", .serialized, .timeLimit(.minutes(10)))
struct OpenDoorsTests {
    @Test("With a role go the invitations above the new one, with the person all, and the trail says so")
    func invitations() async throws {
        try await RunningApp.with { app in
            let tenant = try await app.fixture.tenant()
            let owner = try await app.bearer(app.fixture.admin(in: tenant))
            let second = try await app.fixture.admin(in: tenant)
            let theirs = try await app.bearer(second)
            let path = "/v1/admins/\(try #require(second.admin))"
            for role in ["owner", "trainer", "support"] {
                _ = try await invite("\(role)@example.com", role, as: theirs, app)
            }
            _ = try await invite("other@example.com", "owner", as: owner, app)
            func open() async throws -> [String] {
                try JSONAnswer(try await app.get("/v1/invitations", as: owner), 200).rows
                    .map { try $0.text("email") }.sorted()
            }

            let demoted = try await app.send("PATCH", path, json: #"{"role":"trainer"}"#, as: owner)
            let afterwards = try await open()
            let removed = try await app.send("DELETE", path, headers: [owner])

            #expect(demoted.status == 200 && removed.status == 204)
            #expect(afterwards == ["other@example.com", "support@example.com", "trainer@example.com"])
            #expect(try await open() == ["other@example.com"])
            #expect(try await app.audit("invitation.delete") == Array(repeating: "success admin", count: 3))
        }
    }

    @Test("A key made by a key ends no later, and opens from no other address")
    func keys() async throws {
        try await RunningApp.with { app in
            let tenant = try await app.fixture.tenant()
            try await app.isReady(for: tenant.id)
            let expiry = Timestamp.now + .seconds(3600)
            let (secret, maker) = try await app.fixture.apiKey(
                in: tenant, [.manageAPIKeys],
                allowedAddresses: [AddressRange("127.0.0.0/8")!, AddressRange("2001:db8::/32")!],
                expiresAt: expiry)
            let program = ("Authorization", "Bearer " + secret)
            func make(_ members: String) async throws -> HTTPClientResponse {
                try await app.send(
                    "POST", "/v1/api-keys",
                    json: #"{"name":"x","permissions":["manage_api_keys"]\#(members)}"#,
                    as: program)
            }

            let bare = try await make("")
            let narrower = try await make(
                #","expires_at":"\#(expiry + .seconds(-60))","allowed_addresses":["127.0.0.1","2001:db8:1::/48"]"#
            )
            let later = try await make(#","expires_at":"\#(expiry + .seconds(60))""#)
            let wider = try await make(#","allowed_addresses":["127.0.0.0/7"]"#)
            let elsewhere = try await make(#","allowed_addresses":["127.0.0.1","192.0.2.1"]"#)

            try #require(bare.status == 201 && narrower.status == 201)
            let inherited = try APIKeysTests.Key(bare)
            #expect(inherited.allowedAddresses == maker.allowedAddresses)
            #expect(inherited.expiresAt == "\(try #require(maker.expiresAt))")
            #expect(try APIKeysTests.Key(narrower).allowedAddresses == ["127.0.0.1/32", "2001:db8:1::/48"])
            for (answer, field) in [
                (later, "/expires_at"), (wider, "/allowed_addresses"), (elsewhere, "/allowed_addresses"),
            ] {
                _ = try ProblemAnswer(answer, 422, "invalid_fields")
                #expect(try FieldProblem(answer).fields == ["\(field) invalid"])
            }
        }
    }

    private func invite(
        _ email: String, _ role: String, as caller: (String, String), _ app: RunningApp
    ) async throws -> JSONAnswer {
        try JSONAnswer(
            try await app.send(
                "POST", "/v1/invitations", json: #"{"email":"\#(email)","role":"\#(role)"}"#, as: caller), 201
        )
    }
}
