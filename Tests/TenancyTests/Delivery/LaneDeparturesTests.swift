import Testing

@testable import Tenancy

@Suite("Departures into lanes")
struct LaneDeparturesTests {
    @Test("A look is quiet when nothing was on its way into the lane, whatever other lanes do")
    func otherLanes() {
        var departures = LaneDepartures()

        departures.begin("a", 1)
        departures.startLook(at: "b")
        departures.begin("a", 2)
        let lowest = departures.endLook(at: "b")

        #expect(lowest == .max)
    }

    @Test("What was on its way before, or came during the look, counts, even when it has ended by then")
    func spoiled() {
        var departures = LaneDepartures()

        departures.begin("a", 5)
        departures.begin("a", 3)
        departures.end("a", 3)
        departures.startLook(at: "a")
        departures.end("a", 5)
        let before = departures.endLook(at: "a")
        departures.startLook(at: "a")
        departures.begin("a", 7)
        departures.begin("a", 6)
        departures.end("a", 7)
        departures.end("a", 6)
        let during = departures.endLook(at: "a")
        departures.startLook(at: "a")
        let atLast = departures.endLook(at: "a")

        #expect(before == 5)
        #expect(during == 6)
        #expect(atLast == .max)
    }
}
