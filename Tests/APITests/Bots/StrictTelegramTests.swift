import FoundationEssentials
import Platform
import Tenancy
import TestSupport
import Testing

@testable import API
@testable import Sandbox

@Suite("A stand-in for Telegram on the same machine that is as strict as Telegram", .timeLimit(.minutes(10)))
struct StrictTelegramTests {
    @Test("Bots poll when it takes no http")
    func polls() async throws {
        try await BotsRun.with(telegram: SandboxConfiguration(allowsHTTP: false)) { run in
            let profile = try await run.telegram.sandbox.addBot()

            let made = try JSONAnswer(try await run.connect(profile.token), 201)
            let bot = BotsRun.Connected(id: try made.text("id"), profile: profile)
            let put = try await run.send("PUT", bot.path + "/webhook", json: "{}")
            let own = try await run.send(
                "PUT", bot.path + "/webhook", json: #"{"url":"http://127.0.0.1:1/own"}"#)

            #expect(made["mode"] == .string("webhook") && made["transport"] == .string("polling"))
            let reason = try JSONAnswer(put, 200).text("reason")
            #expect(reason.contains("https"))
            // Its owner's own is refused as ever.
            _ = try ProblemAnswer(own, 422, "telegram_refused")
        }
    }

    @Test("A tunnel that was asked for is used with it, too, and else the node's own address")
    func tunnel() throws {
        let local = [
            "ROOKERY_ENV": "development", "DATABASE_URL": "postgres://rookery_app:x@localhost/rookery",
            "ROOKERY_MASTER_KEY": Base64.encode([UInt8](repeating: 7, count: 32)),
            "ROOKERY_TELEGRAM_API_URL": "http://127.0.0.1:8081",
        ]

        let without = try Settings(environment: local)
        let with = try Settings(environment: local.merging(["ROOKERY_TUNNEL": "ngrok"]) { $1 })

        #expect(without.usesOwnAddress && !without.hasTunnel)
        #expect(!with.usesOwnAddress && with.hasTunnel)
    }

    @Test("What it leaves out of a webhook's status is nothing to stumble over")
    func sparse() throws {
        let info = try JSONDecoder().decode(WebhookInfo.self, from: Data(#"{"url":""}"#.utf8))

        #expect(!info.hasCustomCertificate && info.pendingUpdateCount == 0 && info.maxConnections == nil)
    }
}
