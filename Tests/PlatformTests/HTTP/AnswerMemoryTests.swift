import Testing

@testable import Platform

@Suite("Memory of answers")
final class AnswerMemoryTests {
    private static let part = 1 << 20
    private var memory = AnswerMemory()
    private let limits: HTTPLimits

    init() {
        var limits = HTTPLimits()
        limits.answers = 10 * Self.part
        limits.answersByAddress = 2 * Self.part
        limits.firstAnswers = 3 * Self.part
        self.limits = limits
    }

    private func take(_ parts: Int, for address: String?) -> Bool {
        memory.take(parts * Self.part, for: address.flatMap { IPAddress($0) }, limits)
    }

    private func giveBack(_ parts: Int, for address: String?) {
        memory.giveBack(parts * Self.part, for: address.flatMap { IPAddress($0) })
    }

    @Test("An IPv4 address has a share of its own, an IPv6 address one with its /64")
    func networks() {
        let first = [take(2, for: "10.0.0.1"), take(1, for: "10.0.0.1"), take(2, for: "10.0.0.2")]
        let sixth = [take(1, for: "2001:db8::1"), take(1, for: "2001:db8::2")]

        let ofSame = take(1, for: "2001:db8::3")
        let ofNext = take(1, for: "2001:db8:0:1::3")
        giveBack(1, for: "2001:db8::2")
        let ofSameAgain = take(1, for: "2001:db8::3")

        #expect(first == [true, false, true] && sixth == [true, true])
        #expect(!ofSame && ofNext && ofSameAgain)
    }

    @Test("What is given back is there again, and nothing else")
    func givenBack() {
        _ = take(2, for: "10.0.0.1")

        giveBack(2, for: "10.0.0.1")
        let again = take(2, for: "10.0.0.1")
        let more = take(1, for: "10.0.0.1")

        #expect(again && !more)
    }

    @Test("When all is held, who holds nothing gets one answer more, and these together are bounded")
    func full() {
        for number in 0..<5 { #expect(take(2, for: "10.0.0.\(number)")) }

        let firsts = (5..<9).map { take(1, for: "10.0.0.\($0)") }
        giveBack(2, for: "10.0.0.0")
        let afterOneWasRead = ["10.0.0.0", "10.0.0.8", "10.0.0.5"].map { take(1, for: $0) }

        #expect(firsts == [true, true, true, false])
        #expect(afterOneWasRead == [true, true, false])
    }

    @Test("A proxy has no share of its own, and no part in what is for first answers")
    func proxies() {
        let within = [take(7, for: nil), take(3, for: nil)]

        let past = take(1, for: nil)
        let direct = take(1, for: "10.0.0.1")

        #expect(within == [true, true] && !past && direct)
    }

    @Test("An answer larger than all bounds is given when nothing else is held")
    func huge() {
        let alone = take(100, for: "10.0.0.1")
        let beside = take(1, for: "10.0.0.2")
        giveBack(100, for: "10.0.0.1")
        let after = take(1, for: "10.0.0.2")

        #expect(alone && !beside && after)
    }
}
