import Platform

/// A getUpdates that waits for updates. Confined to the `Sandbox` actor.
final class LongPoll {
    private var continuation: CheckedContinuation<BotAPIAnswer?, Never>?
    var timer: TimerQueue.Token?

    init(_ continuation: CheckedContinuation<BotAPIAnswer?, Never>) { self.continuation = continuation }

    /// Ends the wait; a second time does nothing.
    /// - Parameter answer: nil to look for updates again.
    func end(_ answer: BotAPIAnswer?) {
        continuation?.resume(returning: answer)
        continuation = nil
    }
}
