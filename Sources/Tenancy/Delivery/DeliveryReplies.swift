import Platform

/// Carries out the Bot API calls that consumers' answers ask for, as the bot. One on each event loop.
///
/// No delivery waits for one. The calls for one chat go one after the other, in the order in which they were asked
/// for; all others at once. What waits or is under way is bounded, for each tenant and altogether, and no tenant may
/// hold more than is still free: however many fill it, one that holds little finds room. Past that a call is not
/// carried out, and the attempt says so. A call is tried once (but for Telegram's 429, which the scheduler waits
/// out): a crash between answer and call loses it.
actor DeliveryReplies {
    typealias Done = @Sendable (ReplyOutcome) -> Void

    private struct Lane: Hashable {
        let bot: BotKey
        let chat: DeliveryReply.Chat
    }

    private struct Waiting: Sendable {
        let reply: DeliveryReply
        let bot: BotKey
        let deadline: ContinuousClock.Instant
        let done: Done
    }

    /// Calls, and bytes of their parameters.
    private struct Load {
        var count = 0
        var bytes = 0

        mutating func add(_ reply: DeliveryReply, sign: Int = 1) {
            count += sign
            bytes += sign * reply.parameters.count
        }

        func isFull(_ most: Load) -> Bool { count >= most.count || bytes >= most.bytes }
    }

    private static let capacity = Load(count: 2000, bytes: 16 << 20)
    private static let tenantCapacity = Load(count: 500, bytes: 4 << 20)
    /// From the answer to the beginning of the call.
    private static let patience = Duration.seconds(60)
    private static let callTime = Duration.seconds(20)
    private static let answerLimit = 65_536
    /// What is left to do at the end of the program may take so long.
    private static let lastTime = Duration.seconds(5)

    nonisolated let unownedExecutor: UnownedSerialExecutor
    private let loop: EventLoop
    /// nil where nothing is carried out.
    private let calls: BotCalls?
    private let tokens: BotTokens?
    private var lanes: [Lane: [Waiting]] = [:]
    private var load = Load()
    private var loads: [ID<Tenant>: Load] = [:]
    private var isEnding = false
    private var whenIdle: [CheckedContinuation<Void, Never>] = []

    init(loop: EventLoop, database: Database, calls: BotCalls?) {
        unownedExecutor = loop.asUnownedSerialExecutor()
        self.loop = loop
        self.calls = calls
        tokens = calls.map { BotTokens(loop: loop, database: database, secrets: $0.secrets) }
    }

    /// - Parameter done: called on the loop, at once for what is not carried out.
    func carryOut(_ reply: DeliveryReply, of bot: BotKey, done: @escaping Done) {
        if let refusal = reply.refusal ?? refusal(of: bot.tenant) {
            return done(ReplyOutcome(refusing: reply, because: refusal))
        }
        load.add(reply)
        loads[bot.tenant, default: Load()].add(reply)
        let waiting = Waiting(reply: reply, bot: bot, deadline: .now + Self.patience, done: done)
        // These tasks end with their calls, all of which have time-outs; `drain` waits for them.
        guard let chat = reply.chat else {
            Task(executorPreference: loop) { await self.finish(waiting) }
            return
        }
        let lane = Lane(bot: bot, chat: chat)
        let isBusy = lanes[lane] != nil
        lanes[lane, default: []].append(waiting)
        if !isBusy { Task(executorPreference: loop) { await self.workOff(lane) } }
    }

    private func refusal(of tenant: ID<Tenant>) -> String? {
        if isEnding { return "the program is ending" }
        let own = loads[tenant, default: Load()]
        let free = Load(
            count: Self.capacity.count - load.count, bytes: Self.capacity.bytes - load.bytes)
        return own.isFull(Self.tenantCapacity) || own.isFull(free) ? "too many calls are waiting" : nil
    }

    /// Waits for what is under way, though not for long; what waits behind it is not carried out.
    func drain() async {
        isEnding = true
        loop.schedule(after: Self.lastTime) { self.assumeIsolated { $0.release() } }
        await withCheckedContinuation { continuation in
            whenIdle.append(continuation)
            if load.count == 0 { release() }
        }
    }

    private func release() {
        for continuation in whenIdle { continuation.resume() }
        whenIdle = []
    }

    private func workOff(_ lane: Lane) async {
        while let next = lanes[lane]?.first {
            await finish(next)
            lanes[lane]?.removeFirst()
        }
        lanes.removeValue(forKey: lane)
    }

    private func finish(_ waiting: Waiting) async {
        let (reply, tenant) = (waiting.reply, waiting.bot.tenant)
        let outcome: ReplyOutcome
        if isEnding {
            outcome = ReplyOutcome(refusing: reply, because: "the program is ending")
        } else if waiting.deadline <= .now {
            outcome = ReplyOutcome(refusing: reply, because: "its turn did not come in time")
        } else {
            outcome = await call(waiting)
        }
        load.add(reply, sign: -1)
        loads[tenant]?.add(reply, sign: -1)
        if loads[tenant]?.count == 0 { loads.removeValue(forKey: tenant) }
        waiting.done(outcome)
        if load.count == 0 { release() }
    }

    private func call(_ waiting: Waiting) async -> ReplyOutcome {
        let (reply, bot) = (waiting.reply, waiting.bot)
        guard let calls, let tokens else {
            return ReplyOutcome(refusing: reply, because: "no bot can be called from here")
        }
        do {
            guard let token = try await tokens.token(of: bot) else {
                return ReplyOutcome(refusing: reply, because: "the bot is not active")
            }
            return await Self.call(reply, token, calls, within: max(.zero, waiting.deadline - .now))
        } catch {
            return ReplyOutcome(refusing: reply, because: "the bot's token could not be read")
        }
    }

    private static func call(
        _ reply: DeliveryReply, _ token: BotToken, _ calls: BotCalls, within time: Duration
    ) async -> ReplyOutcome {
        do {
            let result: BotAPIResult
            if case .number(let chat)? = reply.chat {
                result = try await calls.scheduler.send(
                    reply.method, to: chat, reply.parameters, token: token, within: time)
            } else {
                result = try await calls.telegram.call(
                    reply.method, reply.parameters, token: token, timeout: callTime,
                    responseLimit: answerLimit)
            }
            let text = String(decoding: result.body, as: UTF8.self)
                .replacing(token.secret, with: SecretMask.placeholder)
            return ReplyOutcome(reply.method, isOK: true, text)
        } catch {
            return ReplyOutcome(reply.method, isOK: false, words(for: error))
        }
    }

    private static func words(for error: any Error) -> String {
        switch error {
        case let error as BotAPIError: "\(error)"
        case SendScheduler.Fault.full: "not carried out: too many calls are waiting"
        case SendScheduler.Fault.late: "not carried out: its turn did not come in time"
        case SendScheduler.Fault.stopped: "not carried out: the program is ending"
        case HTTPClientError.timedOut: "Telegram did not answer in time"
        case HTTPClientError.tooManyRequests: "not carried out: too many calls are under way"
        default: "Telegram could not be reached, or did not answer"
        }
    }
}
