import Platform
import Synchronization

/// What has happened so far, in order; tests wait until it is what they expect. For use from any thread.
package final class Happenings<Element: Sendable>: Sendable {
    private struct Waiter {
        let number: Int
        let isEnough: @Sendable ([Element]) -> Bool
        let continuation: CheckedContinuation<[Element]?, Never>
    }

    private struct State {
        var all: [Element] = []
        var waiters: [Waiter] = []
        var lastNumber = 0
    }

    private let state = Mutex(State())

    package init() {}

    package var all: [Element] { state.withLock(\.all) }

    package func add(_ element: Element) {
        let (all, done) = state.withLock { state in
            state.all.append(element)
            let all = state.all
            let done = state.waiters.filter { $0.isEnough(all) }
            state.waiters.removeAll { waiter in done.contains { $0.number == waiter.number } }
            return (all, done)
        }
        for waiter in done { waiter.continuation.resume(returning: all) }
    }

    /// - Throws: `TimedOut`.
    @discardableResult
    package func wait(
        _ awaited: String, on loop: EventLoop, within patience: Duration = .seconds(60),
        until isEnough: @escaping @Sendable ([Element]) -> Bool
    ) async throws -> [Element] {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        let limit = Task(executorPreference: loop) {
            try await loop.sleep(for: patience)
            self.giveUp(number)
        }
        defer { limit.cancel() }
        let found = await withCheckedContinuation { continuation in
            let all: [Element]? = state.withLock { state in
                if isEnough(state.all) { return state.all }
                state.waiters.append(
                    Waiter(number: number, isEnough: isEnough, continuation: continuation))
                return nil
            }
            if let all { continuation.resume(returning: all) }
        }
        guard let found else { throw TimedOut("\(awaited); so far: \(all)") }
        return found
    }

    private func giveUp(_ number: Int) {
        let waiter = state.withLock { state in
            let waiter = state.waiters.first { $0.number == number }
            state.waiters.removeAll { $0.number == number }
            return waiter
        }
        waiter?.continuation.resume(returning: nil)
    }
}
