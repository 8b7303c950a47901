import Synchronization

/// Told once that the program is to end; any number of tasks may wait for it.
final class ShutdownSignal: Sendable {
    private struct State {
        var isRaised = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// - Returns: false when it was raised before.
    @discardableResult
    func raise() -> Bool {
        let waiting: [CheckedContinuation<Void, Never>]? = state.withLock { state in
            guard !state.isRaised else { return nil }
            state.isRaised = true
            defer { state.waiting = [] }
            return state.waiting
        }
        guard let waiting else { return false }
        for continuation in waiting { continuation.resume() }
        return true
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isRaised = state.withLock { state in
                if !state.isRaised { state.waiting.append(continuation) }
                return state.isRaised
            }
            if isRaised { continuation.resume() }
        }
    }
}
