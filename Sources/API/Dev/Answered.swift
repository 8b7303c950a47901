import Platform
import Synchronization

/// Values that come from elsewhere, and one task that waits for the one it wants.
final class Answered<Value: Sendable>: Sendable {
    private struct State {
        var values: [Value] = []
        var waiting: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    @Sendable func put(_ value: Value) {
        let waiting = state.withLock { state in
            state.values.append(value)
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume()
    }

    /// - Returns: nil when it did not come in time.
    func first(
        within patience: Duration, on loop: EventLoop, where isWanted: @Sendable (Value) -> Bool
    ) async throws -> Value? {
        let deadline = ContinuousClock.now + patience
        while true {
            let values = state.withLock { state in
                defer { state.values = [] }
                return state.values
            }
            if let found = values.first(where: isWanted) { return found }
            guard ContinuousClock.now < deadline else { return nil }
            try Task.checkCancellation()
            await wait(until: deadline, on: loop)
        }
    }

    private func wait(until deadline: ContinuousClock.Instant, on loop: EventLoop) async {
        let timer = loop.schedule(at: deadline) { self.wake() }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    let isOver = !state.values.isEmpty || Task.isCancelled
                    if !isOver { state.waiting = continuation }
                    return isOver
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            wake()
        }
        loop.cancel(timer)
    }

    private func wake() {
        let waiting = state.withLock { state in
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume()
    }
}
