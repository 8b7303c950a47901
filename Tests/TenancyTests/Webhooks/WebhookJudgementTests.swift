import Platform
import Testing

@testable import Tenancy

@Suite("The judgement on a webhook")
struct WebhookJudgementTests {
    private static let url = "https://rookery.test/telegram/webhook/here"
    private static let now = Timestamp(microsecondsSince1970: 1_700_000_000_000_000)

    @Test("A webhook that is ours, without errors and backlog, is healthy")
    func healthy() {
        let judgement = Self.judge()

        #expect(judgement.state == .healthy && judgement.remedy == .none && judgement.reason == nil)
    }

    @Test("None at all is set again")
    func empty() {
        let judgement = Self.judge { $0.url = "" }

        #expect(judgement.state == .notSet && judgement.remedy == .align)
    }

    @Test("One of ours that is not the one wanted is set again")
    func earlier() {
        let judgement = Self.judge { $0.url = "https://before.test/telegram/webhook/here" }

        #expect(judgement.remedy == .align)
    }

    @Test(
        "An error younger than an hour has it set again, an older one does not",
        arguments: [(Duration.seconds(3599), true), (.seconds(60), true), (.seconds(3600), false)])
    func error(_ age: Duration, _ isWrong: Bool) {
        let judgement = Self.judge {
            $0.lastErrorAt = Self.now - age
            $0.lastErrorMessage = "Connection refused"
            $0.pendingUpdateCount = 1
        }

        #expect(judgement.remedy == (isWrong ? .renew : .none))
        #expect(judgement.state == (isWrong ? .failing : .healthy))
        #expect(judgement.reason?.contains("Connection refused") == (isWrong ? true : nil))
    }

    @Test(
        "An error from before the last repair is over, one from after it is not",
        arguments: [(Duration.seconds(10), false), (.seconds(-10), true)])
    func repaired(_ after: Duration, _ isWrong: Bool) {
        let judgement = Self.judge(repairedAt: Self.now - .seconds(600)) {
            $0.lastErrorAt = Self.now - .seconds(600) - after
        }

        #expect(judgement.remedy == (isWrong ? .renew : .none))
    }

    @Test("More than a hundred waiting updates have it set again, a hundred do not", arguments: [100, 101])
    func pending(_ count: Int) {
        let judgement = Self.judge { $0.pendingUpdateCount = count }

        #expect(judgement.remedy == (count > 100 ? .renew : .none))
    }

    @Test("While updates come in all the same it is degraded, not failing")
    func comesIn() {
        var traffic = RecentTraffic()
        traffic.lastStoredAt = Self.now - .seconds(5)

        let judgement = Self.judge(traffic: traffic) {
            $0.lastErrorAt = Self.now - .seconds(60)
            $0.pendingUpdateCount = 2
        }

        #expect(judgement.state == .degraded && judgement.remedy == .renew)
    }

    @Test("A cause on our side is said, and nothing set again", arguments: ["limit", "stored", "address"])
    func ownCause(_ word: String) {
        var traffic = RecentTraffic()
        traffic.lastRefusedAt = Self.now - .seconds(55)
        traffic.limited = word == "limit" ? 3 : 1
        traffic.failed = word == "stored" ? 3 : 1
        traffic.forbidden = word == "address" ? 3 : 1

        let judgement = Self.judge(traffic: traffic) { $0.lastErrorAt = Self.now - .seconds(60) }

        #expect(judgement.remedy == .none && judgement.state != .healthy)
        #expect(judgement.reason?.contains("on this side") == true)
        #expect(judgement.reason?.contains(word) == true)
    }

    @Test("What we refused long before the error is not its cause")
    func otherCause() {
        var traffic = RecentTraffic()
        traffic.lastRefusedAt = Self.now - .seconds(1800)
        traffic.failed = 3

        let judgement = Self.judge(traffic: traffic) { $0.lastErrorAt = Self.now - .seconds(60) }

        #expect(judgement.remedy == .renew)
    }

    @Test("A suspended tenant is a cause on our side")
    func suspended() {
        var traffic = RecentTraffic()
        traffic.isTenantActive = false

        let judgement = Self.judge(traffic: traffic) { $0.pendingUpdateCount = 500 }

        #expect(judgement.remedy == .none && judgement.reason?.contains("suspended") == true)
    }

    @Test("Somebody else's is a conflict, replaced only when its owner says so", arguments: [false, true])
    func foreign(_ takesOver: Bool) {
        let judgement = Self.judge(takesOver: takesOver, foreignHost: "thief.test") {
            $0.url = "https://thief.test/hook"
        }

        #expect(judgement.state == .conflict && judgement.reason?.contains("thief.test") == true)
        #expect(judgement.remedy == (takesOver ? .takeOver(host: "thief.test") : .none))
    }

    @Test("A bot that is to poll has its webhook deleted, and what its poller says of it stands")
    func polling() {
        let webhook = Self.judge(wanted: .polling, transport: .polling)
        let none = Self.judge(wanted: .polling, transport: .polling) { $0.url = "" }

        #expect(webhook.remedy == .align)
        #expect(none.remedy == .none)
    }

    @Test("A bot whose updates come in otherwise than wanted is changed, whatever Telegram says")
    func unfinished() {
        let judgement = Self.judge(transport: .polling)

        #expect(judgement.remedy == .align)
    }

    @Test("A webhook whose newest secret Telegram has not been given is set again")
    func newSecret() {
        let judgement = Self.judge(secretSetAt: nil)

        #expect(judgement.state == .healthy && judgement.remedy == .align)
    }

    // MARK: A case

    /// Of a bot that a webhook is wanted for and whose webhook is well, but for what is changed.
    private static func judge(
        wanted: Bot.Transport = .webhook, transport: Bot.Transport = .webhook, takesOver: Bool = false,
        foreignHost: String? = nil, repairedAt: Timestamp? = nil, secretSetAt: Timestamp? = now,
        traffic: RecentTraffic? = nil,
        _ report: (inout WebhookReport) -> Void = { _ in }
    ) -> WebhookJudgement {
        let (bot, tenant) = (ID<Bot>(), ID<Tenant>())
        var seen = WebhookReport()
        seen.url = url
        seen.pendingUpdateCount = 0
        report(&seen)
        return WebhookJudgement(
            WebhookJudgement.Case(
                bot: Bot(
                    id: bot, tenant: tenant, telegramID: 1, tokenLastFour: nil, username: nil, name: "Bot",
                    mode: .webhook, status: .active, transport: transport, webhook: WebhookWish(),
                    isAutoRefreshed: true, takesOver: takesOver, takesAdminCommands: false, createdAt: now,
                    updatedAt: now),
                webhook: Webhook(
                    tenant: tenant, bot: bot, state: .healthy, url: url, report: WebhookReport(),
                    lastRepairedAt: repairedAt, nextCheckAt: now, failures: 0, fallbackProbes: 0,
                    secretSetAt: secretSetAt, updatedAt: now),
                wanted: wanted, wantedURL: url, report: seen, foreignHost: foreignHost, now: now),
            traffic: traffic)
    }
}
