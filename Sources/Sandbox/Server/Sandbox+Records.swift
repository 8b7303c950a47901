import Platform

/// Reading what a bot did.
extension Sandbox {
    /// The recorded calls above `id`, oldest first.
    /// - Parameter method: without regard to case; nil for all.
    /// - Throws: `SandboxError`
    package func calls(
        of telegramID: Int64, method: String? = nil, after id: Int = 0
    ) throws(SandboxError) -> [RecordedCall] {
        try bot(telegramID).calls.after(id, method: method)
    }

    /// The same, but waits up to `patience` for the first one.
    /// - Returns: nothing when none came.
    package func calls(
        of telegramID: Int64, method: String?, after id: Int, within patience: Duration
    ) async throws(SandboxError) -> [RecordedCall] {
        let found = try calls(of: telegramID, method: method, after: id)
        guard found.isEmpty, patience > .zero, !isStopped else { return found }
        let number = nextWaiter
        nextWaiter += 1
        // Other jobs of the loop may run before the closure does, so it looks again.
        await withCheckedContinuation { continuation in
            let hasCome = (try? calls(of: telegramID, method: method, after: id))?.isEmpty != true
            if hasCome || isStopped { return continuation.resume() }
            let timer = loop.schedule(after: patience) { [weak self] in
                self?.assumeIsolated { $0.endWait(number) }
            }
            callWaiters[number] = CallWaiter(
                telegramID: telegramID, method: method, after: id, timer: timer, continuation: continuation)
        }
        return try calls(of: telegramID, method: method, after: id)
    }

    package func forgetCalls(of telegramID: Int64) throws(SandboxError) {
        try bot(telegramID).calls.forgetAll()
    }

    func forgetAllCalls() { ledger.forgetAll() }

    func wakeWaiters(of bot: SandboxBot) {
        for (number, waiter) in callWaiters where waiter.telegramID == bot.id {
            if !bot.calls.after(waiter.after, method: waiter.method).isEmpty { endWait(number) }
        }
    }

    func endWait(_ number: Int) {
        guard let waiter = callWaiters.removeValue(forKey: number) else { return }
        loop.cancel(waiter.timer)
        waiter.continuation.resume()
    }
}

/// Somebody who waits for a call.
struct CallWaiter {
    let telegramID: Int64
    let method: String?
    let after: Int
    let timer: TimerQueue.Token
    let continuation: CheckedContinuation<Void, Never>
}
