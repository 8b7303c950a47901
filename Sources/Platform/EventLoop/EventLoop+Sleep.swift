extension EventLoop {
    /// Waits on this loop's timers.
    /// - Throws: `CancellationError` as soon as the task is cancelled.
    package func sleep(for delay: Duration) async throws { try await sleep(until: .now + delay) }

    package func sleep(until deadline: ContinuousClock.Instant) async throws {
        let wait = TimedWait(loop: self)
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                execute { wait.begin(until: deadline, continuation) }
            }
        } onCancel: {
            execute { wait.end(.failure(CancellationError())) }
        }
    }
}

/// One sleeping task. A cancellation may come before the wait has begun, so its end is remembered.
///
/// `@unchecked Sendable`: confined to the loop's thread.
private final class TimedWait: @unchecked Sendable {
    private let loop: EventLoop
    private var continuation: CheckedContinuation<Void, any Error>?
    private var timer: TimerQueue.Token?
    private var isEnded = false

    init(loop: EventLoop) { self.loop = loop }

    func begin(until deadline: ContinuousClock.Instant, _ continuation: CheckedContinuation<Void, any Error>)
    {
        if isEnded { return continuation.resume(throwing: CancellationError()) }
        self.continuation = continuation
        timer = loop.schedule(at: deadline) { self.end(.success(())) }
    }

    func end(_ result: Result<Void, any Error>) {
        isEnded = true
        if let timer { loop.cancel(timer) }
        continuation?.resume(with: result)
        continuation = nil
    }
}
