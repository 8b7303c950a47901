import Synchronization

/// Lets a node's appenders write two batches at a time, all event loops together.
///
/// Appends are serialized in the database, so two keep it busy: one at work, one waiting at the lock. More would
/// only make the batches smaller. An appender takes one at a time. Who has to wait is called in the order of asking.
package final class AppendTurns: Sendable {
    private struct State {
        var free = 2
        var waiting: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    package init() {}

    /// - Parameter call: called later, on any thread, when there is no turn now; the turn is then the caller's.
    /// - Returns: whether the caller has a turn now.
    func take(orCall call: @escaping @Sendable () -> Void) -> Bool {
        state.withLock { state in
            guard state.free > 0 else {
                state.waiting.append(call)
                return false
            }
            state.free -= 1
            return true
        }
    }

    func giveBack() {
        let next: (@Sendable () -> Void)? = state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.free += 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?()
    }
}
