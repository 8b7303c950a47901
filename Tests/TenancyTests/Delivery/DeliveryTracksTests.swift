import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Delivery tracks")
struct DeliveryTracksTests {
    @Test("At the log's end one read feeds both, and express goes first")
    func together() throws {
        var tracks = DeliveryTracks(cursor: 0, expressCursor: 0)
        let readingFound = tracks.startReading(isAhead: true, limit: 10)
        let reading = try #require(readingFound)

        _ = tracks.take([keeping(1), passing(2), keeping(3), passing(4)], mayHaveMore: false, of: reading)
        let sent = (0..<5).map { _ in tracks.next()?.position }

        #expect(!reading.isExpress)
        #expect(sent == [2, 4, 1, 3, nil])
        let further = tracks.startReading(isAhead: true, limit: 10)
        #expect(further == nil)
    }

    @Test("Behind a backlog the express updates are read on their own, and none twice when it is reached")
    func backlog() throws {
        var tracks = DeliveryTracks(cursor: 0, expressCursor: 0)
        let firstFound = tracks.startReading(isAhead: true, limit: 2)
        let first = try #require(firstFound)
        _ = tracks.take([keeping(1), keeping(2)], mayHaveMore: true, of: first)

        let secondFound = tracks.startReading(isAhead: true, limit: 2)
        let second = try #require(secondFound)
        _ = tracks.take([passing(9)], mayHaveMore: false, of: second)
        let thirdFound = tracks.startReading(isAhead: true, limit: 20)
        let third = try #require(thirdFound)
        _ = tracks.take([keeping(3), passing(9), passing(10)], mayHaveMore: false, of: third)

        #expect(second == DeliveryTracks.Reading(isExpress: true, after: 2, limit: 2, floor: 2))
        #expect(third.after == 2 && !third.isExpress)
        let sent = (0..<6).map { _ in tracks.next()?.position }
        #expect(sent == [9, 10, 1, 2, 3, nil])
        #expect(tracks.main.lastRead == 10 && tracks.express.lastRead == 10)
    }

    @Test("Where express is behind the main cursor it catches up by itself, up to where that has read")
    func expressBehind() throws {
        var tracks = DeliveryTracks(cursor: 50, expressCursor: 10)

        let firstFound = tracks.startReading(isAhead: true, limit: 5)
        let first = try #require(firstFound)
        _ = tracks.take([passing(12)], mayHaveMore: false, of: first)
        let secondFound = tracks.startReading(isAhead: true, limit: 5)
        let second = try #require(secondFound)

        #expect(first == DeliveryTracks.Reading(isExpress: true, after: 10, limit: 5, floor: 50))
        #expect(second == DeliveryTracks.Reading(isExpress: false, after: 50, limit: 5, floor: 0))
        #expect(tracks.express.cursor == 10 && tracks.express.lastRead == 50)
    }

    @Test("An express update that waits keeps its own cursor, not the other")
    func cursors() throws {
        var tracks = DeliveryTracks(cursor: 0, expressCursor: 0)
        let readingFound = tracks.startReading(isAhead: true, limit: 10)
        let reading = try #require(readingFound)
        _ = tracks.take([passing(1), keeping(2), passing(3)], mayHaveMore: false, of: reading)
        let expressFound = tracks.next()
        let express = try #require(expressFound)
        let laterFound = tracks.next()
        let later = try #require(laterFound)
        tracks.succeeded(later)
        let keepingFound = tracks.next()
        let keeping = try #require(keepingFound)
        tracks.succeeded(keeping)

        let before = tracks.progress(settling: [])
        tracks.succeeded(express)

        #expect(before.main == WindowProgress(cursor: 3))
        #expect(before.express == WindowProgress(cursor: 0, settled: [3]))
        #expect(tracks.cursors == [3, 3])
    }

    @Test("A lane held from outside lets its queue leave, waits for the one being sent, and takes no more")
    func hold() throws {
        var tracks = DeliveryTracks(cursor: 0, expressCursor: 0)
        let readingFound = tracks.startReading(isAhead: true, limit: 10)
        let reading = try #require(readingFound)
        _ = tracks.take([1, 2, 3].map { LoggedUpdate(position: $0, lane: "a") }, mayHaveMore: false, of: reading)
        let sendingFound = tracks.next()
        let sending = try #require(sendingFound)

        let leaving = tracks.hold("a", isExpress: false)
        let isSending = tracks.isSending("a", isExpress: false)
        tracks.left(leaving)
        let again = tracks.released(sending)

        #expect(leaving.map(\.position) == [2, 3])
        #expect(isSending)
        #expect(again.map(\.position) == [1])
        #expect(!tracks.hasReady)
        tracks.left(again)
        #expect(tracks.cursors.x == 3)
    }

    @Test("What waits past its deadline leaves, and its lane goes on without it")
    func expire() throws {
        var tracks = DeliveryTracks(cursor: 0, expressCursor: 0)
        let readingFound = tracks.startReading(isAhead: true, limit: 10)
        let reading = try #require(readingFound)
        _ = tracks.take([passing(1), passing(2, lane: "b", until: 900)], mayHaveMore: false, of: reading)

        let expired = tracks.expire(at: Timestamp(microsecondsSince1970: 500))
        let next = tracks.next()
        let none = tracks.next()

        #expect(expired.map(\.position) == [1])
        #expect(next?.position == 2 && none == nil)
    }

    private func keeping(_ position: Int64) -> LoggedUpdate {
        LoggedUpdate(position: position, lane: "lane\(position)")
    }

    private func passing(_ position: Int64, lane: String? = nil, until: Int64 = 100) -> LoggedUpdate {
        LoggedUpdate(
            position: position, updateID: position, kind: "callback_query",
            lane: lane ?? "express\(position)", chatID: nil,
            deadline: Timestamp(microsecondsSince1970: until),
            receivedAt: Timestamp(microsecondsSince1970: 0), payload: JSONBytes(Array("{}".utf8)))
    }
}
