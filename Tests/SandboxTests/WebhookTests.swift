import Platform
import Testing

@testable import Sandbox

@Suite("setWebhook, deleteWebhook and getWebhookInfo", .timeLimit(.minutes(10)))
struct WebhookTests {
    @Test(
        "What Telegram refuses is refused in its words",
        arguments: [
            ("http://example.com/x", "bad webhook: An HTTPS URL must be provided for webhook"),
            (
                "https://example.com:8080/x",
                "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443"
            ),
            ("https://10.1.2.3/x", "bad webhook: IP address 10.1.2.3 is reserved"),
            ("https://nowhere.invalid/x", "bad webhook: Failed to resolve host: Name or service not known"),
            ("https://[2a00:1450::1]/x", "bad webhook: IPv6-only addresses are not allowed"),
            ("ftp://example.com/x", "invalid webhook URL specified"),
            ("https://", "invalid webhook URL specified"),
            ("https://example.com:99999/", "invalid webhook URL specified"),
            ("https://exa mple.com/", "invalid webhook URL specified"),
        ])
    func refusesURLs(_ url: String, _ reason: String) async throws {
        let fixture = try await Fixture()

        let answer = await fixture.call("setWebhook", ["url": .string(url)])

        #expect(answer == .failure(.badRequest(reason)))
        #expect(answer.status == 400)
        #expect(await fixture.webhookInfo()["url"] == "")
    }

    @Test("Loopback may be plain http on any port only where that is allowed")
    func loopbackIsAnOption() async throws {
        let strict = try await Fixture(SandboxConfiguration(allowsHTTP: false))
        let lenient = try await Fixture()

        let refused = await strict.call("setWebhook", ["url": .string(Fixture.url)])
        let taken = await lenient.call("setWebhook", ["url": .string(Fixture.url)])

        #expect(refused == .failure(.badWebhook("An HTTPS URL must be provided for webhook")))
        #expect(taken == .success(true, description: "Webhook was set"))
    }

    @Test(
        "A secret has up to 256 of its characters",
        arguments: [
            ("a b", "secret token contains unallowed characters"),
            ("é", "secret token contains unallowed characters"),
            (String(repeating: "a", count: 257), "secret token is too long"),
        ])
    func refusesSecrets(_ secret: String, _ reason: String) async throws {
        let fixture = try await Fixture()

        let answer = await fixture.call(
            "setWebhook", ["url": "https://example.com/", "secret_token": .string(secret)])

        #expect(answer == .failure(.badRequest(reason)))
    }

    @Test("Setting and deleting say whether anything changed")
    func descriptions() async throws {
        let fixture = try await Fixture(SandboxConfiguration(speed: 1_000_000))
        let url: JSON = ["url": "https://example.com/hook"]

        var said: [String?] = []
        for (method, parameters) in [
            ("setWebhook", url), ("setwebhook", url), ("deleteWebhook", [:]), ("setWebhook", ["url": ""]),
        ] {
            said.append(await fixture.call(method, parameters).body["description"]?.stringValue)
        }

        #expect(
            said == [
                "Webhook was set", "Webhook is already set", "Webhook was deleted",
                "Webhook is already deleted",
            ])
    }

    @Test("A second setWebhook within a second is told to wait for one")
    func rateLimit() async throws {
        // Its second lasts long enough for any machine.
        let fixture = try await Fixture(SandboxConfiguration(speed: 0.001))

        await fixture.call("setWebhook", ["url": "https://example.com/"])
        let answer = await fixture.call("setWebhook", ["url": "https://example.com/other"])

        #expect(answer.status == 429)
        #expect(answer.retryAfter == 1)
        #expect(
            answer.body.text == #"{"ok":false,"error_code":429,"description":"#
                + #""Too Many Requests: retry after 1","parameters":{"retry_after":1}}"#)
    }

    @Test("WebhookInfo shows what was set; connections are clamped, the default list of kinds is left out")
    func info() async throws {
        let fixture = try await Fixture(SandboxConfiguration(speed: 1_000_000))

        await fixture.call(
            "setWebhook",
            [
                "url": "https://8.8.8.8:8443/x", "max_connections": 500,
                "allowed_updates": ["chat_member", "message", "nonsense"],
            ])
        let named = await fixture.webhookInfo()
        await fixture.call("setWebhook", ["url": "https://8.8.8.8:8443/y"])
        let kept = await fixture.webhookInfo()
        await fixture.call("setWebhook", ["url": "https://8.8.8.8:8443/z", "allowed_updates": []])
        let reset = await fixture.webhookInfo()

        #expect(
            named == [
                "url": "https://8.8.8.8:8443/x", "has_custom_certificate": false, "pending_update_count": 0,
                "ip_address": "8.8.8.8", "max_connections": 100,
                "allowed_updates": ["message", "chat_member"],
            ])
        #expect(kept["allowed_updates"] == ["message", "chat_member"])
        #expect(kept["max_connections"] == 40)
        #expect(reset["allowed_updates"] == nil)
    }

    @Test("drop_pending_updates forgets what waits")
    func dropsPending() async throws {
        let fixture = try await Fixture()
        try await fixture.write("hello")

        await fixture.call("deleteWebhook", ["drop_pending_updates": true])

        #expect(await fixture.webhookInfo()["pending_update_count"] == 0)
    }
}
