import Synchronization

/// How many rows of `bot_hour` each event loop may write in a second. Each has the same share; what a loop does not need
/// is there for the others, so that one loop with all the traffic writes as many as all together would.
package final class TrafficShares: Sendable {
    private let share: Int
    private let mostSpare: Int
    private let spare = Mutex(0)

    /// - Parameter rowsPerSecond: of all loops together.
    package init(rowsPerSecond: Int = 500, loops: Int = 1) {
        share = max(1, rowsPerSecond / max(1, loops))
        mostSpare = max(0, rowsPerSecond - share)
    }

    /// Called by each loop once a second, also when it has nothing to write.
    /// - Returns: how many of `wanted` it may write now.
    func take(_ wanted: Int) -> Int {
        guard wanted > share else {
            spare.withLock { $0 = min(mostSpare, $0 + share - wanted) }
            return wanted
        }
        return spare.withLock { spare in
            let more = min(spare, wanted - share)
            spare -= more
            return share + more
        }
    }
}
