import Synchronization
import Testing

/// Raised once; waiting ends then, or with the waiting task: a suite's time limit bounds it.
final class Signal: Sendable {
    private struct State {
        var isRaised = false
        var isGivenUp = false
        var waiters: [CheckedContinuation<Bool, Never>] = []
    }

    private let state = Mutex(State())

    func raise() { release(true) }

    /// Fails the test when the task is cancelled first.
    func wait(_ location: SourceLocation = #_sourceLocation) async {
        #expect(await isRaised(), "cancelled while waiting", sourceLocation: location)
    }

    /// Waits. A signal that nobody raises lasts until the task is cancelled.
    /// - Returns: false when it was.
    func isRaised() async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let known: Bool? = state.withLock { state in
                    if state.isRaised { return true }
                    if state.isGivenUp { return false }
                    state.waiters.append(continuation)
                    return nil
                }
                if let known { continuation.resume(returning: known) }
            }
        } onCancel: {
            release(false)
        }
    }

    private func release(_ result: Bool) {
        let waiters = state.withLock { state in
            defer { state.waiters = [] }
            if result { state.isRaised = true } else { state.isGivenUp = true }
            return state.waiters
        }
        for waiter in waiters { waiter.resume(returning: result) }
    }
}
