import Synchronization
import Testing

/// Raised once; waiting ends then, or fails the test after five seconds.
final class Signal: Sendable {
    private struct State {
        var isRaised = false
        var waiters: [CheckedContinuation<Bool, Never>] = []
    }

    private let state = Mutex(State())

    func raise() { release(true) }

    func wait(_ location: SourceLocation = #_sourceLocation) async {
        let timeout = Task {
            try await Task.sleep(for: .seconds(5))
            release(false)
        }
        let isRaised = await withCheckedContinuation { continuation in
            let isRaised = state.withLock { state in
                if !state.isRaised { state.waiters.append(continuation) }
                return state.isRaised
            }
            if isRaised { continuation.resume(returning: true) }
        }
        timeout.cancel()
        #expect(isRaised, "waited for five seconds", sourceLocation: location)
    }

    private func release(_ result: Bool) {
        let waiters = state.withLock { state in
            defer { state.waiters = [] }
            if result { state.isRaised = true }
            return state.waiters
        }
        for waiter in waiters { waiter.resume(returning: result) }
    }
}
