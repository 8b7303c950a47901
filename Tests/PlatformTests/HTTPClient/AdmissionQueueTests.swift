import FoundationEssentials
import TestSupport
import Testing

@testable import Platform

@Suite("Admission to the client's places")
struct AdmissionQueueTests {
    private typealias Queue = AdmissionQueue<Request>

    @Test("A party whose requests hang, to however many origins, takes no place that others need")
    func hangingParty() throws {
        var queue = Queue(limits: HTTPClientLimits(concurrent: 100, concurrentPerOrigin: 128, queued: 1000))
        let hog = UUID()
        let origins = try (0..<40).map { try origin($0) }

        var (started, refused) = (0, 0)
        for number in 0..<2000 {
            let decision = queue.enter(Request(), Queue.Claim(party: hog, origin: origins[number % 40]))
            if decision == .start { started += 1 }
            if decision == .refuse { refused += 1 }
        }
        // Each of a hundred others has one under way at a time, and none of the hog's ever ends.
        let others = try (0..<100).map { Queue.Claim(party: UUID(), origin: try origin(100 + $0)) }
        var hasWaited = 0
        for _ in 0..<5 {
            for claim in others {
                if queue.enter(Request(), claim) != .start { hasWaited += 1 }
                queue.leave(claim)
                #expect(queue.next() == nil)
            }
        }

        #expect(started == 50)
        #expect(refused == 2000 - 50 - 500)
        #expect(hasWaited == 0)
    }

    @Test("Two parties at one origin do not share its places")
    func oneOrigin() throws {
        var queue = Queue(limits: HTTPClientLimits(concurrent: 100, concurrentPerOrigin: 4, queued: 100))
        let (first, second) = (UUID(), UUID())
        let server = try origin(1)

        let decisions = (0..<6).map { _ in queue.enter(Request(), Queue.Claim(party: first, origin: server)) }
        let other = queue.enter(Request(), Queue.Claim(party: second, origin: server))

        #expect(decisions == [.start, .start, .start, .start, .wait, .wait])
        #expect(other == .start)
    }

    @Test("A free place goes to the party that has the fewest, by turns among its origins, oldest first")
    func turns() throws {
        var queue = Queue(limits: HTTPClientLimits(concurrent: 6, concurrentPerOrigin: 4, queued: 100))
        let (greedy, modest) = (UUID(), UUID())
        let (here, there) = (
            Queue.Claim(party: greedy, origin: try origin(1)), Queue.Claim(party: greedy, origin: try origin(2))
        )
        let other = Queue.Claim(party: modest, origin: try origin(3))
        let held = [here, here, here, other, other]
        for claim in held { _ = queue.enter(Request(), claim) }
        let waiting = [here, here, there, there, other].map { claim in
            let request = Request()
            _ = queue.enter(request, claim)
            return request
        }

        var order: [Int?] = []
        for claim in [other, other, other, here, here, here] {
            queue.leave(claim)
            while let next = queue.next() { order.append(waiting.firstIndex { $0 === next }) }
        }

        #expect(order == [4, 0, 2, 1])
    }

    @Test("Random comings and goings keep the limits, and nobody waits who could go", arguments: 0..<10)
    func interleavings(_ seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let limits = HTTPClientLimits(concurrent: 20, concurrentPerOrigin: 3, queued: 40)
        var queue = Queue(limits: limits)
        let parties: [UUID?] = [nil] + (0..<6).map { _ in UUID() }
        let origins = try (0..<4).map { try origin($0) }
        var running: [(Request, Queue.Claim)] = []
        var waiting: [(Request, Queue.Claim)] = []
        var ended = 0

        for _ in 0..<4000 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                let party = parties[Int.random(in: 0..<parties.count, using: &random)]
                let claim = Queue.Claim(party: party, origin: origins[Int.random(in: 0..<4, using: &random)])
                let request = Request()
                switch queue.enter(request, claim) {
                case .start: running.append((request, claim))
                case .wait: waiting.append((request, claim))
                case .refuse: #expect(waiting.count >= 10)
                }
            case 5..<9:
                guard !running.isEmpty else { continue }
                let (_, claim) = running.remove(at: Int.random(in: 0..<running.count, using: &random))
                queue.leave(claim)
                ended += 1
                while let next = queue.next() {
                    let index = try #require(waiting.firstIndex { $0.0 === next })
                    running.append(waiting.remove(at: index))
                }
            default:
                guard !waiting.isEmpty else { continue }
                let (request, claim) = waiting.remove(at: Int.random(in: 0..<waiting.count, using: &random))
                queue.abandon(request, claim)
            }
            let byClaim = Dictionary(grouping: running, by: \.1).mapValues(\.count)
            let byParty = Dictionary(grouping: running, by: \.1.party).mapValues(\.count)
            let free = limits.concurrent - running.count
            let couldGo = waiting.filter { _, claim in
                byClaim[claim, default: 0] < 3 && free > (claim.party == nil ? 0 : byParty[claim.party] ?? 0)
            }
            #expect(queue.active == running.count && queue.waiting == waiting.count)
            #expect(running.count <= 20 && byClaim.values.allSatisfy { $0 <= 3 })
            #expect(couldGo.isEmpty, "seed \(seed)")
            guard couldGo.isEmpty, queue.waiting == waiting.count else { break }
        }

        #expect(ended > 1000)
    }

    private func origin(_ number: Int) throws -> Origin { try Origin(of: "http://host\(number).example") }

    private final class Request {}
}
