import Synchronization

/// Letters on their way out. Whoever writes one does not wait, and does not hear how it went: it is sent a few times
/// at most, and what could not be sent is logged.
package final class MailOutbox: Sendable {
    /// Letters waiting or being sent; more are dropped.
    private static let capacity = 1000
    /// The waits before a letter is sent again, give or take a half.
    private static let waits: [Duration] = [.seconds(2), .seconds(15), .seconds(60)]

    private let client: SMTPClient
    private let loop: EventLoop
    /// A thread of its own: a slow mail server must hold up nothing else.
    private let pool: BlockingPool
    private let logger: Logger
    private let waits: [Duration]
    private let count = Mutex(0)
    private let letters: AsyncStream<MailMessage>
    private let slot: AsyncStream<MailMessage>.Continuation

    package init(client: SMTPClient, loop: EventLoop, logger: Logger, waits: [Duration] = waits) throws {
        self.client = client
        self.loop = loop
        self.logger = logger
        self.waits = waits
        pool = try BlockingPool(threads: 1, capacity: Self.capacity)
        // `count` bounds it.
        (letters, slot) = AsyncStream.makeStream()
    }

    /// Puts a letter into the box.
    package func send(_ message: MailMessage) {
        let hasRoom = count.withLock { count in
            guard count < Self.capacity else { return false }
            count += 1
            return true
        }
        guard hasRoom else { return logger.error("a letter was dropped: too many are waiting") }
        slot.yield(message)
    }

    /// Runs until the task is cancelled; what has not been sent by then is lost.
    package func run() async {
        await withDiscardingTaskGroup { group in
            for await message in letters {
                group.addTask(executorPreference: self.loop) { await self.deliver(message) }
            }
        }
        pool.stop()
    }

    private func deliver(_ message: MailMessage) async {
        defer { count.withLock { $0 -= 1 } }
        let client = client
        for attempt in 0... {
            do {
                return try await pool.run { try client.send(message) }
            } catch {
                let isFinal = (error as? SMTPClient.Failure)?.isFinal ?? false
                guard !isFinal, attempt < waits.count else {
                    return logger.warning("a letter could not be sent", ["error": "\(error)"])
                }
            }
            do { try await loop.sleep(for: waits[attempt] * Double.random(in: 0.5...1.5)) } catch { return }
        }
    }
}
