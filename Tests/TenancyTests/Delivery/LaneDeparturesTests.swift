import Testing

@testable import Tenancy

@Suite("Departures into lanes")
struct LaneDeparturesTests {
    @Test("A look is quiet when nothing was on its way into the lane, whatever other lanes do")
    func otherLanes() {
        var departures = LaneDepartures()

        departures.begin("a")
        departures.startLook(at: "b")
        departures.begin("a")
        let isQuiet = departures.endLook(at: "b")

        #expect(isQuiet)
    }

    @Test("What was on its way before, or came during the look, spoils it, even when it has ended by then")
    func spoiled() {
        var departures = LaneDepartures()

        departures.begin("a")
        departures.begin("a")
        departures.end("a")
        departures.startLook(at: "a")
        departures.end("a")
        let isQuietBefore = departures.endLook(at: "a")
        departures.startLook(at: "a")
        departures.begin("a")
        departures.end("a")
        let isQuietDuring = departures.endLook(at: "a")
        departures.startLook(at: "a")
        let isQuietAtLast = departures.endLook(at: "a")

        #expect(!isQuietBefore)
        #expect(!isQuietDuring)
        #expect(isQuietAtLast)
    }
}
