import Synchronization

/// Told once that the program is to end; any number of tasks may wait for it.
final class ShutdownSignal: Sendable {
    private struct State {
        var isRaised = false
        var lastTicket = 0
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    var isRaised: Bool { state.withLock(\.isRaised) }

    /// - Returns: false when it was raised before.
    @discardableResult
    func raise() -> Bool {
        let waiting: [Int: CheckedContinuation<Void, Never>]? = state.withLock { state in
            guard !state.isRaised else { return nil }
            state.isRaised = true
            defer { state.waiting = [:] }
            return state.waiting
        }
        guard let waiting else { return false }
        for continuation in waiting.values { continuation.resume() }
        return true
    }

    /// Returns when it is raised, or when the task is cancelled.
    func wait() async {
        let ticket = state.withLock { state in
            state.lastTicket += 1
            return state.lastTicket
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    let isOver = state.isRaised || Task.isCancelled
                    if !isOver { state.waiting[ticket] = continuation }
                    return isOver
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: ticket) }?.resume()
        }
    }

    /// Does `work`, which is cancelled when the signal is raised.
    /// - Returns: nil when it was raised before the work was done.
    func interrupting<Value: Sendable>(
        _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value? {
        do {
            return try await withThrowingTaskGroup(of: Value?.self) { group in
                group.addTask {
                    await self.wait()
                    return nil
                }
                group.addTask { try await work() }
                defer { group.cancelAll() }
                return try await group.next() ?? nil
            }
        } catch  where isRaised {
            // What it worked with is being taken down.
            return nil
        }
    }
}
