import Platform

/// Lets few of an event loop's pollers fetch large batches at a time: after an outage every bot has a backlog, and all
/// of those in memory would be too much. First come, first served.
actor CatchUpTurns {
    package nonisolated let unownedExecutor: UnownedSerialExecutor
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ count: Int, on loop: EventLoop) {
        unownedExecutor = loop.asUnownedSerialExecutor()
        free = count
    }

    /// Gives `body` a turn. Who is cancelled while waiting gets one all the same, and finds out then.
    nonisolated func take<T: Sendable>(_ body: () async throws -> T) async throws -> T {
        await begin()
        do {
            try Task.checkCancellation()
            let result = try await body()
            await end()
            return result
        } catch {
            await end()
            throw error
        }
    }

    /// Keeps nobody waiting any more.
    func open() {
        free -= waiting.count
        for continuation in waiting { continuation.resume() }
        waiting = []
    }

    private func begin() async {
        guard free <= 0 else {
            free -= 1
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    private func end() {
        guard waiting.isEmpty else { return waiting.removeFirst().resume() }
        free += 1
    }
}
