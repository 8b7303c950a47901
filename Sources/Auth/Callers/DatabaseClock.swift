import Platform
import Synchronization

/// The database's clock as far as this node knows it: what tokens and revocations are dated by, so that nodes whose
/// own clocks differ agree about them. Until the database has been reached it is the node's own.
package final class DatabaseClock: Sendable {
    private let offset = Atomic<Int64>(0)

    package init() {}

    package var now: Timestamp { .now + .microseconds(offset.load(ordering: .relaxed)) }

    /// - Parameter time: what the database answered to a question asked at `asked` and answered now.
    func set(_ time: Timestamp, askedAt asked: Timestamp, answeredAt answered: Timestamp = .now) {
        let middle = asked + .microseconds((answered - asked).microseconds / 2)
        offset.store((time - middle).microseconds, ordering: .relaxed)
    }
}
