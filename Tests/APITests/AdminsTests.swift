import Auth
import Platform
import Tenancy
import TestSupport
import Testing

@testable import API

@Suite("/v1/tenant and /v1/admins", .serialized, .timeLimit(.minutes(10)))
struct AdminsTests {
    @Test("Everybody sees their tenant; what it pays only those who may see revenue")
    func ownTenant() async throws {
        try await RunningApp.with { app in
            let tenant = try await app.fixture.tenant()
            let owner = try await app.bearer(app.fixture.admin(in: tenant))
            let support = try await app.bearer(app.fixture.admin(in: tenant, role: .support))

            let toOwner = try JSONAnswer(try await app.get("/v1/tenant", as: owner), 200)
            let toSupport = try JSONAnswer(try await app.get("/v1/tenant", as: support), 200)

            #expect(toOwner["billing"] == .null)
            #expect(toSupport["billing"] == nil)
            #expect(toSupport["id"] == .string("\(tenant.id)"))
            #expect(toSupport["settings"] == toOwner["settings"])
        }
    }

    @Test("A tenant's tag is another with the billing, and either is good for a change")
    func tags() async throws {
        try await RunningApp.with { app in
            let tenant = try await app.fixture.tenant()
            let owner = try await app.bearer(app.fixture.admin(in: tenant))
            let manager = try await app.bearer(key: [.manageTenant], in: tenant)
            func tag(of caller: (String, String)) async throws -> String {
                try #require(try await app.get("/v1/tenant", as: caller).header("ETag"))
            }
            func rename(_ name: String, as caller: (String, String), tag: String) async throws -> Int {
                try await app.send(
                    "PATCH", "/v1/tenant", json: #"{"name":"\#(name)"}"#, as: caller,
                    headers: [("If-Match", tag)]
                ).status
            }
            let (full, bare) = (try await tag(of: owner), try await tag(of: manager))

            let known = try await app.send(
                "GET", "/v1/tenant", headers: [manager, ("If-None-Match", full)])
            let first = try await rename("Roost", as: manager, tag: full)
            let stale = try await rename("Perch", as: owner, tag: bare)
            let second = try await rename("Perch", as: owner, tag: try await tag(of: manager))

            #expect(full != bare && known.status == 200)
            #expect([first, stale, second] == [200, 412, 200])
        }
    }

    @Test("An owner changes name and settings, and neither limits nor status nor billing")
    func updateTenant() async throws {
        try await RunningApp.with { app in
            let tenant = try await app.fixture.tenant()
            let owner = try await app.bearer(app.fixture.admin(in: tenant))
            let trainer = try await app.bearer(app.fixture.admin(in: tenant, role: .trainer))

            let set = try await app.send(
                "PATCH", "/v1/tenant",
                json: #"{"name":"Roost","settings":{"timezone":"Europe/Berlin","locale":"de-DE"}}"#,
                as: owner)
            let removed = try await app.send(
                "PATCH", "/v1/tenant", json: #"{"settings":{"locale":null,"contact_email":"a@b.c"}}"#,
                as: owner)
            let refused = try await app.send("PATCH", "/v1/tenant", json: #"{"name":"Mine"}"#, as: trainer)

            #expect(try JSONAnswer(set, 200)["settings", "timezone"] == .string("Europe/Berlin"))
            let answer = try JSONAnswer(removed, 200)
            #expect(answer["name"] == .string("Roost"))
            #expect(answer["settings", "timezone"] == .string("Europe/Berlin"))
            #expect(answer["settings", "locale"] == .null)
            #expect(answer["settings", "contact_email"] == .string("a@b.c"))
            _ = try ProblemAnswer(refused, 403, "forbidden")
            for body in [
                #"{"limits":{"bots":null}}"#, #"{"status":"active"}"#, #"{"billing":null}"#, #"{"slug":"x"}"#,
                #"{"settings":{"timezone":"../etc"}}"#, #"{"settings":{"moon":1}}"#, #"{"settings":null}"#,
            ] {
                _ = try ProblemAnswer(
                    try await app.send("PATCH", "/v1/tenant", json: body, as: owner), 422, "invalid_fields")
            }
        }
    }

    @Test("Admins are listed and shown to who manages them; another tenant's are as if they were not")
    func reading() async throws {
        try await RunningApp.with { app in
            let tenant = try await app.fixture.tenant()
            let person = try await app.fixture.admin(in: tenant)
            let owner = try await app.bearer(person)
            let second = try await app.fixture.admin(in: tenant, role: .trainer)
            let stranger = try await app.fixture.admin(in: try await app.fixture.tenant())
            let path = "/v1/admins/\(try #require(second.admin))"

            let list = try JSONAnswer(try await app.get("/v1/admins", as: owner), 200)
            let one = try JSONAnswer(try await app.get(path, as: owner), 200)
            let theirs = try await app.get("/v1/admins/\(try #require(stranger.admin))", as: owner)
            let none = try await app.get("/v1/admins/\(ID<Admin>())", as: owner)

            #expect(try list.rows.map { try $0.text("email") } == [second.email, person.email])
            #expect(one["role"] == .string("trainer") && one["email"] == .string(second.email))
            #expect(
                try ProblemAnswer(theirs, 404, "not_found").title
                    == ProblemAnswer(none, 404, "not_found").title)
        }
    }

    @Test("A new role counts as soon as a node has looked: what was issued for the old one is worth nothing")
    func changeRole() async throws {
        try await RunningApp.with { app in
            let tenant = try await app.fixture.tenant()
            let owner = try await app.bearer(app.fixture.admin(in: tenant))
            let person = try await app.fixture.admin(in: tenant, role: .support)
            let support = try await app.bearer(person)
            let path = "/v1/admins/\(try #require(person.admin))"
            let before = try await app.get("/v1/tenant", as: support).status

            let changed = try await app.send("PATCH", path, json: #"{"role":"trainer"}"#, as: owner)
            let same = try await app.send("PATCH", path, json: #"{"role":"trainer"}"#, as: owner)

            #expect(before == 200)
            #expect(try JSONAnswer(changed, 200)["role"] == .string("trainer"))
            #expect(same.header("ETag") == changed.header("ETag"))
            try await app.fixture.eventually("the old token to be refused") {
                try await app.get("/v1/tenant", as: support).status == 401
            }
            let events = try await app.fixture.superuser.withConnection { connection in
                try await connection.values(
                    "SELECT changes FROM audit_event WHERE tenant_id = \(tenant.id) AND action = 'admin.update'",
                    as: String.self)
            }
            #expect(events == [#"{"role":{"from":"support","to":"trainer"}}"#])
        }
    }

    @Test("Nobody is made more than the one who does it; the last owner stays; others may go, and go at once")
    func bounds() async throws {
        try await RunningApp.with { app in
            let tenant = try await app.fixture.tenant()
            let first = try await app.fixture.admin(in: tenant)
            let owner = try await app.bearer(first)
            let second = try await app.fixture.admin(in: tenant)
            let secondToken = try await app.bearer(second)
            let key = try await app.bearer(
                key: [.manageAdmins, .viewApplications, .viewBots, .viewUpdates], in: tenant)
            let (firstPath, secondPath) = (
                "/v1/admins/\(try #require(first.admin))", "/v1/admins/\(try #require(second.admin))"
            )

            let tooMuch = try await app.send("PATCH", secondPath, json: #"{"role":"trainer"}"#, as: key)
            let stale = try await app.send("DELETE", secondPath, headers: [owner, ("If-Match", "\"old\"")])
            let removed = try await app.send("DELETE", secondPath, headers: [owner])
            let last = try await app.send("PATCH", firstPath, json: #"{"role":"support"}"#, as: owner)
            let alsoLast = try await app.send("DELETE", firstPath, headers: [owner])

            _ = try ProblemAnswer(tooMuch, 403, "forbidden")
            _ = try ProblemAnswer(stale, 412, "precondition_failed")
            #expect(removed.status == 204)
            _ = try ProblemAnswer(last, 409, "last_owner")
            _ = try ProblemAnswer(alsoLast, 409, "last_owner")
            try await app.fixture.eventually("the removed one to be out") {
                try await app.get("/v1/tenant", as: secondToken).status == 401
            }
        }
    }

    @Test("Two owners that remove one another at once leave one", arguments: [0, 1, 2, 3])
    func race(_ round: Int) async throws {
        try await RunningApp.with { app in
            let tenant = try await app.fixture.tenant()
            let people = [try await app.fixture.admin(in: tenant), try await app.fixture.admin(in: tenant)]
            let tokens = [try await app.bearer(people[0]), try await app.bearer(people[1])]

            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0...1 {
                    let path = "/v1/admins/\(try #require(people[1 - index].admin))"
                    let isRemoval = (round >> index) & 1 == 0
                    group.addTask {
                        _ =
                            isRemoval
                            ? try await app.send("DELETE", path, headers: [tokens[index]])
                            : try await app.send(
                                "PATCH", path, json: #"{"role":"support"}"#, as: tokens[index])
                    }
                }
                try await group.waitForAll()
            }

            let owners = try await app.fixture.superuser.withConnection { connection in
                try await connection.value(
                    "SELECT count(*) FROM admin WHERE tenant_id = \(tenant.id) AND role = 'owner'",
                    as: Int64.self)
            }
            #expect(owners == 1)
        }
    }
}
