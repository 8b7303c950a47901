import Platform
import Synchronization
import TestSupport
import Testing

@testable import Sandbox
@testable import Tenancy

@Suite("A hybrid bot")
struct HybridTests {
    @Test("It polls when its webhook has failed for long enough, and goes back when a probe gets through")
    func thereAndBack() async throws {
        try await ConnectorRun.with { run in
            let status = AnswerStatus()
            let receiver = try await TestReceiver(on: run.fixture.loop) { _ in status.value }
            run.address.set(String(receiver.url.dropLast("/updates".count)))
            let bot = try await run.newBot(.hybrid)
            try await run.look(at: bot, patience: .zero)
            try await run.failDelivery(to: bot)

            try await run.look(at: bot, patience: .zero)
            let fallen = try await run.standing(of: bot)
            status.set(200)
            try await run.look(at: bot, patience: .zero)
            let back = try await run.standing(of: bot)
            await receiver.stop()

            #expect(fallen.bot.transport == .polling && fallen.webhook.fallbackSince != nil)
            #expect(fallen.webhook.reason?.contains("its webhook fails") == true)
            #expect(back.bot.transport == .webhook && back.webhook.fallbackSince == nil)
            let transports = run.recorded.all.map { event -> String in
                guard case .switched(let from, let to, _) = event else { return "\(event)" }
                return "\(from) to \(to)"
            }
            #expect(transports == ["webhook to polling", "polling to webhook"])
        }
    }

    @Test("It polls when its webhook has failed for long enough, also without auto_refresh")
    func withoutRefresh() async throws {
        try await ConnectorRun.with { run in
            run.address.set("http://127.0.0.1:9")
            let bot = try await run.newBot(.hybrid)
            try await run.change(bot, "auto_refresh = false")
            try await run.look(at: bot, patience: .zero)
            try await run.failDelivery(to: bot)

            try await run.look(at: bot, patience: .zero)

            #expect(try await run.standing(of: bot).bot.transport == .polling)
        }
    }

    @Test("It is not given up at the first failure")
    func patience() async throws {
        try await ConnectorRun.with { run in
            run.address.set("http://127.0.0.1:9")
            let bot = try await run.newBot(.hybrid)
            try await run.look(at: bot, patience: .seconds(600))
            try await run.failDelivery(to: bot)

            try await run.look(at: bot, patience: .seconds(600))

            let after = try await run.standing(of: bot)
            #expect(after.bot.transport == .webhook && after.webhook.failingSince != nil)
            #expect(after.webhook.nextCheckAt < .now + .seconds(301))
        }
    }

    @Test("While nothing of ours answers at its address it goes on polling, and is tried ever more rarely")
    func unreachable() async throws {
        try await ConnectorRun.with { run in
            run.address.set("http://127.0.0.1:9")
            let bot = try await run.newBot(.hybrid)
            try await run.look(at: bot, patience: .zero)
            try await run.failDelivery(to: bot)
            try await run.look(at: bot, patience: .zero)

            try await run.look(at: bot, patience: .seconds(100))
            let first = try await run.standing(of: bot)
            try await run.look(at: bot, patience: .seconds(100))
            let second = try await run.standing(of: bot)

            #expect(second.bot.transport == .polling)
            #expect(first.webhook.fallbackProbes == 1 && second.webhook.fallbackProbes == 2)
            #expect(second.webhook.nextCheckAt - first.webhook.nextCheckAt > .seconds(150))
            #expect(second.webhook.reason?.contains("cannot be reached") == true)
        }
    }

    @Test("A webhook that Telegram refuses to set is a failing one")
    func refused() async throws {
        try await ConnectorRun.with { run in
            run.address.set("https://rookery.test:4000")
            let bot = try await run.newBot(.hybrid)

            try await run.look(at: bot, patience: .zero)

            let after = try await run.standing(of: bot)
            #expect(after.bot.transport == .polling)
            #expect(after.webhook.reason?.contains("80, 88, 443 or 8443") == true)
        }
    }
}

/// The status of an answer, changed by the test.
private final class AnswerStatus: Sendable {
    private let status = Mutex(503)
    var value: Int { status.withLock { $0 } }
    func set(_ new: Int) { status.withLock { $0 = new } }
}
