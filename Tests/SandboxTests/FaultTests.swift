import Platform
import Testing

@testable import Sandbox

@Suite("What goes wrong on purpose", .timeLimit(.minutes(10)))
struct FaultTests {
    @Test("An outage meets every bot and every token until it is over, and ends long polls")
    func outage() async throws {
        let fixture = try await Fixture()
        _ = try await fixture.sandbox.addBot(token: "43:other")
        let poll = Task { await fixture.call("getUpdates", ["timeout": 50]) }
        while try await !fixture.sandbox.isPolling(42) { await Task.yield() }

        await fixture.sandbox.setFaultOfAll(try #require(SandboxFault(status: 502)))
        var statuses = [await poll.value.status, await fixture.call("getMe").status]
        for token in ["43:other", "44:nobodys"] {
            statuses.append(await fixture.sandbox.call("getMe", token: token, CallParameters()).status)
        }
        await fixture.sandbox.clearFaultsOfAll()
        statuses.append(await fixture.call("getMe").status)

        #expect(statuses == [502, 502, 502, 502, 200])
    }

    @Test("A fault of all bots for one method and some calls leaves the rest alone")
    func countedFaultOfAll() async throws {
        let fixture = try await Fixture()

        let fault = SandboxFault(status: 429, method: "setWebhook", count: 1, retryAfter: 9)
        await fixture.sandbox.setFaultOfAll(try #require(fault))
        let me = await fixture.call("getMe")
        let met = await fixture.call("setWebhook", ["url": .string(Fixture.url)])
        let after = await fixture.call("setWebhook", ["url": .string(Fixture.url)])

        #expect([me, met, after].map(\.status) == [200, 429, 200])
        #expect(met.retryAfter == 9)
    }

    @Test(
        "A fault of deliveries shows in WebhookInfo and does not ask the receiver",
        arguments: [
            (DeliveryFault.Kind.refused, "Connection refused"), (.timeout, "Read timeout expired"),
            (.status(503), "Wrong response from the webhook: 503 Service Unavailable"),
        ])
    func deliveryFault(_ kind: DeliveryFault.Kind, _ message: String) async throws {
        let fixture = try await Fixture()
        await fixture.call("setWebhook", ["url": .string(Fixture.url)])

        try await fixture.sandbox.setDeliveryFault(DeliveryFault(kind), of: 42)
        try await fixture.write("met")
        while await fixture.webhookInfo()["last_error_message"] == nil { await Task.yield() }
        let info = await fixture.webhookInfo()
        try await fixture.sandbox.setDeliveryFault(nil, of: 42)
        let arrival = try await fixture.arrivals.next()
        arrival.answer()

        #expect(info["last_error_message"] == .string(message))
        #expect(info["pending_update_count"] == 1)
        #expect(arrival.text == "met")
    }

    @Test("A fault of one delivery leaves the next alone")
    func countedDeliveryFault() async throws {
        let fixture = try await Fixture()
        await fixture.call("setWebhook", ["url": .string(Fixture.url)])

        try await fixture.sandbox.setDeliveryFault(DeliveryFault(.refused, count: 1), of: 42)
        try await fixture.write("hello")
        let arrival = try await fixture.arrivals.next()
        arrival.answer()

        #expect(arrival.text == "hello")
        #expect(await fixture.webhookInfo()["last_error_message"] == "Connection refused")
    }

    @Test("What getWebhookInfo is told to say it says until the webhook is another")
    func webhookInfo() async throws {
        let fixture = try await Fixture(SandboxConfiguration(speed: 1_000_000))
        await fixture.call("setWebhook", ["url": .string(Fixture.url)])
        let override = WebhookInfoOverride(
            pendingUpdateCount: 101, lastErrorDate: 1_700_000_000, lastErrorMessage: "Connection refused",
            lastSynchronizationErrorDate: 1_700_000_001)

        try await fixture.sandbox.overrideWebhookInfo(override, of: 42)
        let told = await fixture.webhookInfo()
        await fixture.call("setWebhook", ["url": .string(Fixture.url)])
        let same = await fixture.webhookInfo()
        await fixture.call("setWebhook", ["url": .string(Fixture.url), "secret_token": "another"])
        let after = await fixture.webhookInfo()

        #expect(told["pending_update_count"] == 101)
        #expect(told["last_error_date"] == 1_700_000_000)
        #expect(told["last_error_message"] == "Connection refused")
        #expect(told["last_synchronization_error_date"] == 1_700_000_001)
        #expect(same == told)
        #expect(after["pending_update_count"] == 0)
        #expect(after["last_error_date"] == nil)
    }

    @Test("A revoked token is unauthorized, and the new one has no webhook, but what waited")
    func revocation() async throws {
        let fixture = try await Fixture()
        await fixture.call("setWebhook", ["url": .string(Fixture.url)])
        try await fixture.sandbox.setDeliveryFault(DeliveryFault(.refused), of: 42)
        try await fixture.write("hello")

        let bot = try await fixture.sandbox.revokeToken(of: 42)
        let old = await fixture.call("getMe")
        let new = await fixture.sandbox.call("getMe", token: bot.token, CallParameters())

        #expect(bot.telegramID == 42)
        #expect([old, new].map(\.status) == [401, 200])
        #expect(try await fixture.sandbox.webhook(of: 42) == nil)
        #expect(try await fixture.sandbox.pendingCount(of: 42) == 1)
    }

    @Test("Somebody else's webhook takes the place of the bot's own, and ends its long poll")
    func foreignWebhook() async throws {
        let fixture = try await Fixture()
        let poll = Task { await fixture.call("getUpdates", ["timeout": 50]) }
        while try await !fixture.sandbox.isPolling(42) { await Task.yield() }

        try await fixture.sandbox.setForeignWebhook("http://127.0.0.1:9/thief", of: 42)
        let answer = await poll.value
        let set = await fixture.webhookInfo()["url"]
        try await fixture.sandbox.setForeignWebhook("", of: 42)

        #expect(answer == .failure(.terminatedBySetWebhook))
        #expect(set == "http://127.0.0.1:9/thief")
        #expect(await fixture.webhookInfo()["url"] == "")
    }
}
