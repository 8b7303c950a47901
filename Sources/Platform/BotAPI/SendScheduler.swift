/// Sends bots' messages as fast as Telegram lets each bot, and no faster. One on a node, on one event loop.
///
/// Of one bot, a chat's messages go in order, and chats take turns; bots do not wait for one another. What may wait is
/// bounded. When Telegram asks a bot to wait (429), it waits, and the message goes again; when a group has become a
/// supergroup, the message goes to that, and so do later ones.
package actor SendScheduler {
    package enum Fault: Error {
        /// Too much waits already.
        case full
        /// The time was over before the message's turn came. It was not sent.
        case late
        case stopped
    }

    private struct Waiting {
        let method: String
        let parameters: [UInt8]
        let token: BotToken
        let deadline: ContinuousClock.Instant
        var tries = 0
        var hasMoved = false
        let continuation: CheckedContinuation<BotAPIResult, any Error>
    }

    private struct Group: Hashable {
        let bot: Int64
        let chat: Int64
    }

    private static let capacity = 10_000
    private static let movedCapacity = 10_000
    private static let tries = 5
    private static let upkeepEvery = Duration.seconds(1)

    package nonisolated let unownedExecutor: UnownedSerialExecutor
    private let loop: EventLoop
    private let telegram: BotAPIClient
    private let limits: SendLimits
    private var queues: [Int64: SendQueue<Waiting>] = [:]
    private var timers: [Int64: TimerQueue.Token] = [:]
    /// Groups that have become supergroups.
    private var moved: [Group: Int64] = [:]
    private var count = 0
    private var isUpkeepScheduled = false
    private var isStopped = false

    /// - Parameter telegram: over a client of the same event loop.
    package init(loop: EventLoop, telegram: BotAPIClient, limits: SendLimits = SendLimits()) {
        unownedExecutor = loop.asUnownedSerialExecutor()
        self.loop = loop
        self.telegram = telegram
        self.limits = limits
    }

    /// Calls a method that sends something to a chat, when its turn has come.
    /// - Parameters:
    ///   - parameters: a JSON object without `chat_id`.
    ///   - time: for waiting; the call itself may take a little longer.
    /// - Throws: `Fault`, `BotAPIError`, `HTTPClientError`
    package func send(
        _ method: String, to chat: Int64, _ parameters: [UInt8], token: BotToken,
        within time: Duration = .seconds(60)
    ) async throws -> BotAPIResult {
        try await withCheckedThrowingContinuation { continuation in
            enter(
                Waiting(
                    method: method, parameters: parameters, token: token, deadline: .now + time,
                    continuation: continuation),
                chat)
        }
    }

    /// Ends all that waits. What is being sent ends by itself.
    package func stop() {
        isStopped = true
        for timer in timers.values { loop.cancel(timer) }
        timers = [:]
        for bot in queues.keys {
            for waiting in queues[bot]?.remove(where: { _ in true }) ?? [] {
                waiting.continuation.resume(throwing: Fault.stopped)
            }
        }
        count = 0
    }

    // MARK: Steps

    private func enter(_ waiting: Waiting, _ chat: Int64) {
        guard !isStopped else { return waiting.continuation.resume(throwing: Fault.stopped) }
        let bot = waiting.token.telegramID
        let chat = moved[Group(bot: bot, chat: chat)] ?? chat
        do {
            guard count < Self.capacity else { throw Fault.full }
            try queues[bot, default: SendQueue(limits: limits)].add(waiting, to: chat, at: .now)
        } catch {
            return waiting.continuation.resume(throwing: Fault.full)
        }
        count += 1
        pump(bot)
    }

    private func pump(_ bot: Int64) {
        if let timer = timers.removeValue(forKey: bot) { loop.cancel(timer) }
        guard !isStopped else { return }
        while let (chat, waiting) = queues[bot]?.next(at: .now) {
            count -= 1
            // Ends with the call; the caller of `send` awaits it.
            Task(executorPreference: loop) { await self.deliver(waiting, to: chat) }
        }
        if let time = queues[bot]?.nextTime(at: .now) {
            timers[bot] = loop.schedule(at: time) { self.assumeIsolated { $0.pump(bot) } }
        }
        scheduleUpkeep()
    }

    private func deliver(_ waiting: Waiting, to chat: Int64) async {
        let bot = waiting.token.telegramID
        do {
            waiting.continuation.resume(
                returning: try await telegram.call(
                    waiting.method, Self.adding(chat, to: waiting.parameters), token: waiting.token))
        } catch {
            fail(waiting, chat, error)
        }
        queues[bot]?.finished(chat, at: .now)
        pump(bot)
    }

    private func fail(_ waiting: Waiting, _ chat: Int64, _ error: any Error) {
        let bot = waiting.token.telegramID
        var waiting = waiting
        waiting.tries += 1
        if let error = error as? BotAPIError, let supergroup = error.migrateToChatID, !waiting.hasMoved {
            if moved.count >= Self.movedCapacity { moved = [:] }
            moved[Group(bot: bot, chat: chat)] = supergroup
            waiting.hasMoved = true
            return enter(waiting, supergroup)
        }
        if let error = error as? BotAPIError, error.code == 429, let wait = error.retryAfter {
            let end = ContinuousClock.now + wait
            queues[bot]?.hold(until: end)
            if !isStopped, waiting.tries < Self.tries, end < waiting.deadline {
                queues[bot]?.putBack(waiting, to: chat)
                count += 1
                return
            }
        }
        waiting.continuation.resume(throwing: error)
    }

    /// While there is anything, once a second: ends what has waited for too long, and forgets bots that have nothing.
    private func scheduleUpkeep() {
        guard !isUpkeepScheduled, !isStopped, !queues.isEmpty else { return }
        isUpkeepScheduled = true
        loop.schedule(after: Self.upkeepEvery) { self.assumeIsolated { $0.lookAfterQueues() } }
    }

    private func lookAfterQueues() {
        isUpkeepScheduled = false
        let now = ContinuousClock.now
        for bot in queues.keys {
            let late = queues[bot]?.remove { $0.deadline <= now } ?? []
            count -= late.count
            for waiting in late { waiting.continuation.resume(throwing: Fault.late) }
            if queues[bot]?.count == 0, queues[bot]?.isForgettable(at: now) ?? false {
                queues.removeValue(forKey: bot)
            }
        }
        scheduleUpkeep()
    }

    private static func adding(_ chat: Int64, to parameters: [UInt8]) -> [UInt8] {
        var object = Array("{\"chat_id\":\(chat)".utf8)
        let rest = parameters.drop { $0 != UInt8(ascii: "{") }.dropFirst()
        let isEmpty = rest.first { ![0x20, 0x0A, 0x0D, 0x09].contains($0) } == UInt8(ascii: "}")
        if !isEmpty { object.append(UInt8(ascii: ",")) }
        object.append(contentsOf: rest)
        return object
    }
}
