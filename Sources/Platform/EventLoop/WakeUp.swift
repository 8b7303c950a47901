import Synchronization

/// The pause between two runs of a job that runs again and again: it ends after a time, and at once when somebody wakes
/// it, also somebody who did so while the job was still running.
package final class WakeUp: Sendable {
    private struct State {
        var isWanted = false
        var waiting: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    package init() {}

    /// From any thread.
    package func wake() {
        let waiting = state.withLock { state in
            defer { state.waiting = nil }
            state.isWanted = state.waiting == nil
            return state.waiting
        }
        waiting?.resume()
    }

    /// Whether somebody has woken the job since it last paused. Asking forgets it: for a job that looks in between.
    package func takeWake() -> Bool {
        state.withLock { state in
            defer { state.isWanted = false }
            return state.isWanted
        }
    }

    /// Waits, one task at a time.
    /// - Throws: `CancellationError` as soon as the task is cancelled.
    package func pause(atMost time: Duration, on loop: EventLoop) async throws {
        let timer = Task(executorPreference: loop) {
            // Cancelled below, at the latest.
            try await loop.sleep(for: time)
            self.wake()
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.isWanted || Task.isCancelled {
                        state.isWanted = false
                        return true
                    }
                    state.waiting = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            self.wake()
        }
        timer.cancel()
        try Task.checkCancellation()
    }
}
