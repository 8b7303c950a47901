import Platform
import Sandbox
import Tenancy
import TestSupport
import Testing

@testable import API

@Suite("Command line", .timeLimit(.minutes(10)))
struct CommandLineTests {
    @Test("The overview has a whole line for every command")
    func overview() async throws {
        let (status, output, _) = await run(["--help"])

        let lines = output[0].split(separator: "\n").map(String.init)
        let names = lines.indices.filter { lines[$0].hasPrefix("  rookery ") }
        #expect(status == .success)
        #expect(names.count == 14)
        for name in names {
            #expect(lines[name + 1].hasPrefix("      ") && !lines[name + 1].hasSuffix("."))
        }
    }

    @Test("A command's help begins with how to call it", arguments: ["config check", "migrate", "bot add"])
    func help(_ name: String) async throws {
        let (status, output, _) = await run(name.split(separator: " ").map(String.init) + ["--help"])

        let lines = output[0].split(separator: "\n", omittingEmptySubsequences: false)
        #expect(status == .success)
        #expect(lines[0].hasPrefix("rookery \(name)") && lines[0].last != " ")
        #expect(lines.count >= 2 && lines[1].first?.isUppercase == true)
    }

    @Test("A bot whose webhook cannot be set is added, its secret shown, and the reason told")
    func webhookNotSet() async throws {
        try await Fixture.with { fixture in
            let tenant = try await fixture.tenant()
            let listener = try HTTPListener(address: IPAddress(bytes: [127, 0, 0, 1]), port: 0)
            let telegram = HTTPServer(
                loop: fixture.loop, socket: try listener.socket(), logger: fixture.logger, metrics: Metrics()
            ) { request in
                if request.path.hasSuffix("/getMe") {
                    return .json(
                        200,
                        Array(#"{"ok":true,"result":{"id":42,"is_bot":true,"first_name":"Crow"}}"#.utf8))
                }
                if request.path.hasSuffix("/getWebhookInfo") {
                    let none = #"{"url":"","has_custom_certificate":false,"pending_update_count":0}"#
                    return .json(200, Array(#"{"ok":true,"result":\#(none)}"#.utf8))
                }
                return .json(
                    400,
                    Array(#"{"ok":false,"error_code":400,"description":"Bad Request: bad webhook"}"#.utf8))
            }
            try await telegram.start()

            let (status, output, errors) = await run(
                ["bot", "add", "--tenant", "\(tenant.id)", "--token-stdin"], input: "42:\(Self.tokenSecret)",
                variables: [
                    "ROOKERY_ENV": "development", "DATABASE_URL": try fixture.testDatabase.programURL(),
                    "ROOKERY_MASTER_KEY": fixture.masterKey, "ROOKERY_PUBLIC_URL": "https://rookery.example",
                    "ROOKERY_TELEGRAM_API_URL": "http://127.0.0.1:\(listener.port)",
                ])
            await telegram.stop()

            #expect(status == .failed)
            #expect(output.count == 1 && output.first?.hasPrefix("bot_") == true)
            #expect(output.first?.split(separator: " ").count == 2)
            #expect(errors.count == 1 && errors.first?.contains("Bad Request: bad webhook") == true)
            #expect(errors.first?.contains(Self.tokenSecret) == false)
            let bots = try await fixture.superuser.withConnection { connection in
                try await connection.value("SELECT count(*) FROM bot", as: Int64.self)
            }
            #expect(bots == 1)
        }
    }

    @Test("A bot is added in the mode asked for, and where it can have a webhook at all")
    func botAddModes() async throws {
        try await Fixture.with { fixture in
            try await TestTelegram.with { telegram in
                let tenant = try await fixture.tenant()
                let (first, second) = (
                    try await telegram.sandbox.addBot(), try await telegram.sandbox.addBot()
                )
                let variables = [
                    "ROOKERY_ENV": "production", "DATABASE_URL": try fixture.testDatabase.programURL(),
                    "ROOKERY_MASTER_KEY": fixture.masterKey, "ROOKERY_TELEGRAM_API_URL": telegram.url,
                ]
                let words = ["bot", "add", "--tenant", "\(tenant.id)", "--token-stdin"]

                let homeless = await run(words, input: first.token, variables: variables)
                let polling = await run(
                    words + ["--mode", "polling", "--take-over"], input: second.token, variables: variables)
                let wrong = await run(words + ["--mode", "pigeon"], input: first.token, variables: variables)

                #expect(homeless.status == .failed && homeless.output.isEmpty)
                #expect(homeless.errors.first?.contains("ROOKERY_PUBLIC_URL") == true)
                #expect(polling.status == .success && polling.output.count == 1, "\(polling.errors)")
                #expect(wrong.status == .usage)
                let bots = try await fixture.database.read(tenant.id) { tx in try await Bot.all(in: tx) }
                #expect(bots.map(\.telegramID) == [second.telegramID])
                #expect(bots.map(\.mode) == [.polling] && bots.allSatisfy(\.takesOver))
            }
        }
    }

    @Test("A consumer is added of either type, as the API would, and not without what it needs")
    func consumerAdd() async throws {
        try await Fixture.with { fixture in
            let tenant = try await fixture.tenant()
            let bot = try await fixture.bot(in: tenant)
            let variables = [
                "ROOKERY_ENV": "production", "DATABASE_URL": try fixture.testDatabase.programURL(),
                "ROOKERY_MASTER_KEY": fixture.masterKey,
            ]
            func add(_ words: String...) async -> (status: API.ExitStatus, output: [String], errors: [String])
            {
                await run(
                    ["consumer", "add", "--tenant", "\(tenant.id)", "--bot", "\(bot.id)"] + words,
                    variables: variables)
            }

            let push = await add("--url", "https://example.com/x")
            let pull = await add("--type", "pull", "--name", "Night")
            let wrong = [
                await add(), await add("--type", "pull", "--url", "https://example.com/"),
                await add("--type", "replay"), await add("--url", "http://10.0.0.1/"),
                await add("--url", "https://a:b@example.com/"),
            ]

            #expect(push.status == .success && pull.status == .success, "\(push.errors) \(pull.errors)")
            #expect(push.output.first?.contains(" whsec_") == true)
            #expect(pull.output.first?.contains(" ") == false)
            #expect(wrong.map(\.status) == [.usage, .usage, .usage, .usage, .usage])
            let made = try await fixture.database.read(tenant.id) { tx in
                try await Consumer.all(of: bot.id, in: tx)
            }
            #expect(made.map(\.kind) == [.push, .pull] && made.map(\.name) == ["example.com", "Night"])
            let events = try await fixture.superuser.withConnection { connection in
                try await connection.value(
                    "SELECT count(*) FROM audit_event WHERE action = 'consumer.create'", as: Int64.self)
            }
            #expect(events == 2)
        }
    }

    private static let tokenSecret = "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"

    private func run(
        _ words: [String], input: String? = nil, variables: [String: String] = [:]
    ) async -> (status: API.ExitStatus, output: [String], errors: [String]) {
        let (output, errors) = (Happenings<String>(), Happenings<String>())
        let environment = ProcessEnvironment(
            variables: variables, readLine: { input }, print: { output.add($0) },
            printError: { errors.add($0) })
        let status = await CommandLineFront(words: words, environment: environment).run()
        return (status, output.all, errors.all)
    }
}
