import Platform
import Testing

@testable import Tenancy

@Suite("How the reconciler waits")
struct PacingTests {
    @Test("Waits after a repair double, up to an hour")
    func afterRepair() {
        let waits = CheckWaits(interval: .seconds(300), patience: .seconds(120))

        let seconds = (1...6).map { waits.afterRepair($0, random: 1).seconds }

        #expect(seconds == [300, 600, 1200, 2400, 3600, 3600])
    }

    @Test("A hybrid bot's next look comes well within its patience")
    func soon() {
        #expect(CheckWaits(interval: .seconds(300), patience: .seconds(120)).soon == .seconds(60))
        #expect(CheckWaits(interval: .seconds(10), patience: .seconds(120)).soon == .seconds(10))
        #expect(CheckWaits(interval: .seconds(300), patience: .seconds(1)).soon == .seconds(1))
    }

    @Test("Trials of a failing webhook become rarer, up to one an hour")
    func trials() {
        let waits = CheckWaits(interval: .seconds(300), patience: .seconds(120))

        let seconds = [0, 1, 2, 4, 5, 1000].map { waits.beforeTrial($0, random: 1).seconds }

        #expect(seconds == [120, 240, 480, 1920, 3600, 3600])
    }

    @Test("A few calls without an answer are no outage; more are, and then there is one call at a time")
    func outage() {
        var outage = TelegramOutage()
        let start = ContinuousClock.now

        for _ in 0..<4 { outage.failed(at: start) }
        let before = outage.allowance(at: start)
        outage.failed(at: start, random: 1)

        #expect(before == .max)
        #expect(outage.isDown)
        #expect(outage.allowance(at: start + .milliseconds(999)) == 0)
        #expect(outage.allowance(at: start + .seconds(1)) == 1)
    }

    @Test("The waits of an outage grow, up to half a minute, and it ends with the first answer")
    func growing() {
        var outage = TelegramOutage()
        let start = ContinuousClock.now

        for _ in 0..<40 { outage.failed(at: start, random: 1) }

        #expect(outage.allowance(at: start + .milliseconds(29_900)) == 0)
        #expect(outage.allowance(at: start + .seconds(30)) == 1)
        outage.answered()
        #expect(!outage.isDown && outage.allowance(at: start) == .max)
    }

    @Test("Bots are looked at at twice the rate of the interval, and at most a second's worth at once")
    func pace() {
        var pace = CheckPace()
        pace.set(bots: 100_000, interval: .seconds(300))
        let start = ContinuousClock.now

        let first = pace.allowance(at: start)
        pace.took(first)
        let none = pace.allowance(at: start)
        let half = pace.allowance(at: start + .milliseconds(500))
        let late = pace.allowance(at: start + .seconds(60))

        #expect(pace.atOnce == 512)
        #expect(first == 666 && none == 0)
        #expect((332...334).contains(half))
        #expect(late == 666)
    }

    @Test(
        "As many looks are under way as begin in a second, within bounds",
        arguments: [(0, 64), (9_600, 64), (45_000, 300), (1_000_000, 512)])
    func atOnce(_ bots: Int, _ expected: Int) {
        var pace = CheckPace()

        pace.set(bots: bots, interval: .seconds(300))

        #expect(pace.atOnce == expected)
    }
}
