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
}
