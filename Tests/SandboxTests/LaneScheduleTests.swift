import Platform
import Testing

@testable import Sandbox

@Suite("Lane schedule")
struct LaneScheduleTests {
    private let now = Timestamp(microsecondsSince1970: 1_000_000)
    private let a = Lane("chat:1")
    private let b = Lane("chat:2")
    private let c = Lane("chat:3")

    @Test("A lane in flight is not handed out again until it is finished")
    func oneInFlight() {
        var schedule = LaneSchedule()
        schedule.add(a)
        schedule.add(a)

        let first = schedule.next(at: now, loadLimit: 2)
        schedule.add(a)
        let second = schedule.next(at: now, loadLimit: 2)
        schedule.finish(a, hasMore: true)
        let third = schedule.next(at: now, loadLimit: 2)

        #expect([first, second, third] == [a, nil, a])
        #expect(schedule.inFlight == 1)
    }

    @Test("A lane that failed waits for its time while others go on")
    func waits() {
        var schedule = LaneSchedule()
        schedule.add(a)
        schedule.add(b)
        _ = schedule.next(at: now, loadLimit: 4)

        schedule.wait(a, until: now + .seconds(2))

        #expect(schedule.next(at: now, loadLimit: 4) == b)
        #expect(schedule.next(at: now + .seconds(1), loadLimit: 4) == nil)
        #expect(schedule.nextWake == now + .seconds(2))
        #expect(schedule.next(at: now + .seconds(2), loadLimit: 4) == a)
    }

    @Test("Failing lanes up to the load limit stall the rest")
    func stalls() {
        var schedule = LaneSchedule()
        for lane in [a, b, c] { schedule.add(lane) }
        for _ in 0..<2 {
            guard let lane = schedule.next(at: now, loadLimit: 2) else { break }
            schedule.wait(lane, until: now + .seconds(60))
        }

        let stalled = schedule.next(at: now, loadLimit: 2)
        let back = schedule.next(at: now + .seconds(60), loadLimit: 2)
        back.map { schedule.finish($0, hasMore: false) }

        #expect(stalled == nil)
        #expect(back != c)
        #expect(
            Set([schedule.next(at: now, loadLimit: 2), schedule.next(at: now, loadLimit: 2)]).contains(c))
    }
}
