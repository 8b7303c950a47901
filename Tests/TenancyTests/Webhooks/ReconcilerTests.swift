import Platform
import TestSupport
import Testing

@testable import Sandbox
@testable import Tenancy

@Suite("The reconciler")
struct ReconcilerTests {
    @Test("It does what was wanted and not done, and then finds the bot well")
    func unfinished() async throws {
        try await ConnectorRun.with { run in
            let bot = try await run.newBot(.webhook)

            try await run.look(at: bot)
            let after = try await run.standing(of: bot)
            try await run.look(at: bot)

            #expect(after.bot.transport == .webhook && after.webhook.state == .healthy)
            #expect(after.webhook.nextCheckAt > .now + .seconds(200))
            #expect(try await run.methods(of: bot) == ["getWebhookInfo", "setWebhook", "getWebhookInfo"])
            #expect(run.recorded.all.isEmpty)
        }
    }

    @Test("A webhook that is gone is set again, and the trail says why")
    func gone() async throws {
        try await ConnectorRun.with { run in
            let bot = try await run.newBot(.webhook)
            try await run.look(at: bot)
            try await run.deleteWebhook(of: bot)

            try await run.look(at: bot)

            let url = try await run.telegram.sandbox.state(of: bot.telegramID)["webhook"]?["url"]?.stringValue
            #expect(url == run.address.webhookURL(of: bot))
            #expect(run.recorded.all == [.repaired(reason: "Telegram had no webhook")])
            #expect(try await run.standing(of: bot).webhook.lastRepairedAt != nil)
        }
    }

    @Test("What somebody's check finds is due at once, and counted once")
    func checked() async throws {
        try await ConnectorRun.with { run in
            run.address.set("http://127.0.0.1:9")
            let bot = try await run.newBot(.webhook)
            try await run.look(at: bot)
            try await run.failDelivery(to: bot)

            let seen = try #require(try await run.connector.check(bot.key)).1
            let due = try await run.due(in: bot.tenant)
            try await run.look(at: bot)

            #expect(seen.state == .failing && seen.lastCheckedAt != nil)
            #expect(due == 1)
            #expect(try await run.standing(of: bot).webhook.failures == 1)
        }
    }

    @Test("A bot whose token does not open is a failing one, and says why")
    func sealed() async throws {
        try await ConnectorRun.with { run in
            let bot = try await run.newBot(.webhook)
            try await run.look(at: bot)
            try await run.change(bot, "token_sealed = 'not sealed with our key'")

            try await run.look(at: bot)

            let after = try await run.standing(of: bot)
            #expect(after.webhook.state == .failing)
            #expect(after.webhook.reason?.contains("does not open") == true)
            #expect(after.webhook.nextCheckAt > .now + .seconds(200))
        }
    }

    @Test("Without auto_refresh nothing is asked and nothing repaired")
    func notRefreshed() async throws {
        try await ConnectorRun.with { run in
            let bot = try await run.newBot(.webhook)
            try await run.look(at: bot)
            try await run.deleteWebhook(of: bot)
            try await run.change(bot, "auto_refresh = false")
            let asked = try await run.methods(of: bot)

            try await run.look(at: bot)

            #expect(try await run.methods(of: bot) == asked)
            #expect(run.recorded.all.isEmpty)
        }
    }

    @Test("A webhook with errors is deleted and set, since setting alone would change nothing")
    func errors() async throws {
        try await ConnectorRun.with { run in
            // Nobody listens there.
            run.address.set("http://127.0.0.1:9")
            let bot = try await run.newBot(.webhook)
            try await run.look(at: bot)
            try await run.failDelivery(to: bot)

            try await run.look(at: bot)

            let methods = try await run.methods(of: bot)
            #expect(
                methods.suffix(4).map { $0 } == [
                    "getWebhookInfo", "setWebhook", "deleteWebhook", "setWebhook",
                ])
            let after = try await run.standing(of: bot)
            #expect(after.webhook.failures == 1 && after.webhook.failingSince != nil)
            #expect(run.recorded.all.count == 1)
        }
    }

    @Test("A foreign webhook is told once and left alone; with take_over it is replaced")
    func foreign() async throws {
        try await ConnectorRun.with { run in
            let bot = try await run.newBot(.webhook)
            try await run.look(at: bot)
            try await run.setForeignWebhook(of: bot)

            try await run.look(at: bot)
            try await run.look(at: bot)
            let conflict = try await run.standing(of: bot)
            try await run.change(bot, "take_over = true")
            try await run.look(at: bot)
            let after = try await run.standing(of: bot)

            #expect(conflict.webhook.state == .conflict)
            #expect(conflict.webhook.report.url == "https://elsewhere.test")
            #expect(after.webhook.state == .healthy)
            let expected: [BotEvent] = [
                .foreignWebhook(host: "elsewhere.test"), .takenOver(host: "elsewhere.test"),
            ]
            #expect(run.recorded.all == expected)
            #expect(run.told.all == expected)
        }
    }

    @Test("A revoked token ends the work on a bot")
    func revoked() async throws {
        try await ConnectorRun.with { run in
            let bot = try await run.newBot(.webhook)
            try await run.look(at: bot)
            try await run.telegram.sandbox.removeBot(bot.telegramID)

            try await run.look(at: bot)

            let after = try await run.standing(of: bot)
            #expect(after.bot.status == .tokenRevoked)
            #expect(after.webhook.nextCheckAt > .now + .seconds(86_400))
            #expect(run.told.all == [.tokenRevoked])
        }
    }

    @Test("Telegram's silence, overload and faults say nothing about a bot", arguments: [429, 502])
    func unavailable(_ status: Int) async throws {
        try await ConnectorRun.with { run in
            let bot = try await run.newBot(.webhook)
            try await run.look(at: bot)
            let before = try await run.standing(of: bot)
            let kind = try #require(
                SandboxFault.Kind(
                    name: "\(status)", retryAfter: nil, description: nil, seconds: nil, migrateTo: nil))
            _ = try await run.telegram.sandbox.setFault(
                SandboxFault(method: nil, kind: kind, remaining: nil), of: bot.telegramID)

            await #expect(throws: BotAPIError.self) { try await run.look(at: bot) }

            let after = try await run.standing(of: bot)
            #expect(after.bot.status == .active && after.bot.transport == .webhook)
            #expect(after.webhook.state == before.webhook.state)
            #expect(run.recorded.all.isEmpty)
        }
    }

    @Test("Two of them look at each bot once, and write down what they found")
    func two() async throws {
        try await ConnectorRun.with { run in
            var bots: [Bot] = []
            let tenant = try await run.fixture.tenant()
            for _ in 0..<20 {
                let bot = try await run.newBot(.webhook, in: tenant)
                try await run.look(at: bot)
                bots.append(bot)
            }
            try await run.expediteAll(in: tenant)

            try await run.whileReconciling(2) {
                try await run.fixture.eventually("all looked at", within: .seconds(30)) {
                    try await run.due(in: tenant) == 0
                }
            }

            for bot in bots {
                let looks = try await run.methods(of: bot).count { $0 == "getWebhookInfo" }
                #expect(looks == 2)
            }
        }
    }

    @Test("After an outage of Telegram it goes on by itself, and has flooded nobody meanwhile")
    func outage() async throws {
        try await ConnectorRun.with { run in
            let bot = try await run.newBot(.webhook)
            let fault = SandboxFault.Kind(
                name: "502", retryAfter: nil, description: nil, seconds: nil, migrateTo: nil)
            _ = try await run.telegram.sandbox.setFault(
                SandboxFault(method: nil, kind: try #require(fault), remaining: 2), of: bot.telegramID)

            try await run.whileReconciling(1) {
                try await run.fixture.eventually("the webhook set", within: .seconds(60)) {
                    // Not to wait for the time that a bot is put off after a failure.
                    try await run.expediteAll(in: bot.tenant)
                    return try await run.standing(of: bot).bot.transport == .webhook
                }
            }

            #expect(try await run.standing(of: bot).bot.status == .active)
        }
    }

    @Test("What is due is found by its date, without reading past it")
    func index() async throws {
        try await ConnectorRun.with { run in
            let plan = try await run.fixture.database.job { tx in
                // Of a table as small as a test's the planner would read all.
                try await tx.execute("SET LOCAL enable_seqscan = off")
                try await tx.execute("SET LOCAL enable_bitmapscan = off")
                return try await tx.all(
                    "EXPLAIN \(BotWork.due(10, checkedBefore: .now))", as: PlanLine.self)
            }

            #expect(plan.contains { $0.text.contains("Index Cond: (next_check_at <=") })
        }
    }

    @Test("What somebody wants looked at during a look is due after it")
    func expedited() async throws {
        try await ConnectorRun.with { run in
            let bot = try await run.newBot(.webhook)

            _ = try await run.connector.work(on: bot.key) { work in
                try await run.expediteAll(in: bot.tenant)
                try await run.connector.align(&work)
                return BotConnector.Done()
            }

            #expect(try await run.due(in: bot.tenant) == 1)
        }
    }
}

private struct PlanLine: RowDecodable {
    let text: String
    init(row: inout Row) throws { text = try row.next() }
}
