import Platform
import Testing

@testable import Sandbox

@Suite("Webhook health")
struct WebhookHealthTests {
    private let now = Timestamp(microsecondsSince1970: 1_000_000_000_000)
    private let settings: SandboxWebhook

    init() throws {
        let parameters = CallParameters([JSON.Member(name: "url", value: "https://example.com/")])
        settings = try SandboxWebhook(parameters, allowsLoopback: false)
    }

    @Test("Ten seconds after the last success one connection is left")
    func connections() {
        var health = WebhookHealth()

        let before = health.connections(of: settings, at: now)
        health.succeeded(at: now)

        #expect(before == 1)
        #expect(health.connections(of: settings, at: now + .seconds(10)) == 40)
        #expect(health.connections(of: settings, at: now + .seconds(11)) == 1)
    }

    @Test("A webhook is gone after 23 hours of 410, unless another answer came between")
    func gone() {
        var health = WebhookHealth()
        let hour = Duration.seconds(3600)

        health.failed("", status: 410, at: now)
        health.failed("", status: nil, at: now + hour)
        let kept = health
        health.failed("", status: 500, at: now + hour)
        health.failed("", status: 410, at: now + hour * 2)

        #expect(!kept.isGone(at: now + hour * 23))
        #expect(kept.isGone(at: now + hour * 23 + .seconds(1)))
        #expect(!health.isGone(at: now + hour * 24))
    }
}
