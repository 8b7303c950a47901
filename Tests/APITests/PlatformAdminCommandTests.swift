import Auth
import Platform
import Tenancy
import TestSupport
import Testing

@testable import API

@Suite("rookery platform-admin create", .serialized, .timeLimit(.minutes(10)))
struct PlatformAdminCommandTests {
    @Test("It makes an account with the password of standard input, which the trail says of the operator")
    func create() async throws {
        try await Fixture.with { fixture in
            let (status, output, errors) = await Self.run(
                fixture, ["--email", "Ops@example.com"], Fixture.password)

            let known = try await fixture.database.readPlatform { tx in
                try await Account.credentials(of: "ops@example.com", in: tx)
            }
            let hash = try #require(known.flatMap { PasswordHash(phc: $0.passwordHash) })
            let isRight = try await offPool { hash.matches(Fixture.password) }
            #expect(status == .success && errors.isEmpty)
            #expect(output == ["\(known?.account.id.description ?? "")"])
            #expect(known?.account.isPlatformAdmin == true && known?.account.name == "Ops")
            #expect(isRight)
            #expect(try await Self.trail(fixture) == ["account.platform_admin_create operator success"])
        }
    }

    @Test("An account that is there already becomes one, keeps its password, and is said to")
    func promote() async throws {
        try await Fixture.with { fixture in
            let account = try await fixture.account()

            let (status, output, errors) = await Self.run(fixture, ["--email", "ADA@example.com"], nil)

            let known = try await fixture.database.readPlatform { tx in
                try await Account.find(account.id, in: tx)
            }
            #expect(status == .success && output == ["\(account.id)"])
            #expect(errors.count == 1 && errors.first?.contains("keeps its password") == true)
            #expect(known?.isPlatformAdmin == true)
        }
    }

    @Test(
        "Poor passwords and wrong words are refused, and the password is not repeated",
        arguments: [
            "short", "Password2024!",
        ])
    func refused(_ password: String) async throws {
        try await Fixture.with { fixture in
            let (status, output, errors) = await Self.run(fixture, ["--email", "ops@example.com"], password)
            let (wrong, _, _) = await Self.run(fixture, ["--email", "nobody"], password)

            #expect(status == .usage && wrong == .usage)
            #expect(output.isEmpty && errors.first?.contains("the password") == true)
            #expect(errors.first?.contains(password) == false)
        }
    }

    @Test("At a terminal it asks twice, and takes nothing that is not the same")
    func asks() async throws {
        try await Fixture.with { fixture in
            let answers = Happenings<String>()

            let (status, _, errors) = await Self.run(fixture, ["--email", "ops@example.com"], nil) { prompt in
                answers.add(prompt)
                return prompt == "Password: " ? Fixture.password : Fixture.password + "?"
            }

            #expect(status == .usage && errors.first?.contains("not the same") == true)
            #expect(answers.all == ["Password: ", "Once more: "])
        }
    }

    private static func run(
        _ fixture: Fixture, _ words: [String], _ input: String?, ask: (@Sendable (String) -> String?)? = nil
    ) async -> (status: API.ExitStatus, output: [String], errors: [String]) {
        let (output, errors) = (Happenings<String>(), Happenings<String>())
        let environment = ProcessEnvironment(
            variables: [
                "ROOKERY_ENV": "development", "DATABASE_URL": (try? fixture.testDatabase.programURL()) ?? "",
                "ROOKERY_MASTER_KEY": fixture.masterKey,
            ], readLine: { input }, askSecret: ask, print: { output.add($0) }, printError: { errors.add($0) })
        let status = await CommandLineFront(
            words: ["platform-admin", "create"] + words, environment: environment
        ).run()
        return (status, output.all, errors.all)
    }

    private static func trail(_ fixture: Fixture) async throws -> [String] {
        try await fixture.superuser.withConnection { connection in
            try await connection.values(
                "SELECT action || ' ' || actor_type || ' ' || outcome FROM audit_event", as: String.self)
        }
    }
}
