import Platform

/// A stand-in for api.telegram.org: bots, their updates on the way out, and the calls that came in.
///
/// Two sides meet here. A bot calls the Bot API (`call`) and gets its updates by webhook or getUpdates. A
/// test or a person plays the users (`write`, `press`, `inject`), reads what the bot did and puts faults in
/// its way. The state lives on one loop; nothing here knows of sockets: deliveries leave through the
/// `WebhookPost` given.
package actor Sandbox {
    package nonisolated let loop: EventLoop
    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    let configuration: SandboxConfiguration
    let clock: SandboxClock
    let post: WebhookPost
    var random = SystemRandomNumberGenerator()
    private(set) var bots: [Int64: SandboxBot] = [:]
    /// Of all bots, and of what is no bot's token.
    var faults = FaultPlan()
    var ledger: CallLedger
    /// nil: none is too many.
    var newTokenLimit: NewTokenLimit?
    var newTokens = NewTokenSights()
    var callWaiters: [Int: CallWaiter] = [:]
    var nextWaiter = 0
    /// Deliveries under way; `stop` waits for their ends.
    var deliveries: [Int: Task<Void, Never>] = [:]
    var nextDelivery = 0
    private(set) var isStopped = false

    init(loop: EventLoop, configuration: SandboxConfiguration, post: @escaping WebhookPost) {
        self.loop = loop
        self.configuration = configuration
        clock = SandboxClock(speed: configuration.speed)
        self.post = post
        ledger = CallLedger(limit: configuration.ledgerKept)
        newTokenLimit = configuration.newTokens
    }

    /// Ends long polls, waits and deliveries. What is pending is lost.
    package func stop() async {
        isStopped = true
        for bot in bots.values {
            endPoll(of: bot, with: .failure(BotAPIRefusal(status: 502, description: "Bad Gateway")))
            if let timer = bot.wakeUp { loop.cancel(timer) }
            bot.wakeUp = nil
        }
        for id in Array(callWaiters.keys) { endWait(id) }
        let running = deliveries.values
        for task in running { task.cancel() }
        for task in running { await task.value }
    }

    // MARK: Bots

    /// Makes a bot known. One that is there with the same token is left as it is.
    /// - Parameters: those not given are made up.
    /// - Throws: `SandboxError`
    package func addBot(token: String? = nil, username: String? = nil, firstName: String? = nil)
        throws(SandboxError) -> SandboxBotProfile
    {
        let profile = try SandboxBotProfile(
            token: token, username: username, firstName: firstName, random: &random)
        if let known = bots[profile.telegramID] {
            guard known.profile.token == profile.token else { throw .botExists }
            return known.profile
        }
        guard bots.count < configuration.botLimit else { throw .tooManyBots }
        let first = Int64.random(in: 100_000_000...1_900_000_000, using: &random)
        bots[profile.telegramID] = SandboxBot(
            profile, firstUpdateID: first, callsKept: configuration.callsKept)
        return profile
    }

    /// Its token is unauthorized from now on.
    package func removeBot(_ telegramID: Int64) throws(SandboxError) {
        let bot = try bot(telegramID)
        endPoll(of: bot, with: .failure(.unauthorized))
        if let timer = bot.wakeUp { loop.cancel(timer) }
        bots[telegramID] = nil
    }

    /// Gives the bot another token; the one before is unauthorized from now on. Its webhook goes, as at Telegram; what
    /// is pending stays.
    package func revokeToken(of telegramID: Int64) throws(SandboxError) -> SandboxBotProfile {
        let bot = try bot(telegramID)
        bot.profile = bot.profile.withNewToken(random: &random)
        bot.isSeen = false
        endPoll(of: bot, with: .failure(.unauthorized))
        if bot.webhook != nil { removeWebhook(of: bot) }
        return bot.profile
    }

    /// In the order of their numbers.
    package var profiles: [SandboxBotProfile] {
        bots.values.map(\.profile).sorted { $0.telegramID < $1.telegramID }
    }

    func bot(_ telegramID: Int64) throws(SandboxError) -> SandboxBot {
        guard let bot = bots[telegramID] else { throw .noSuchBot }
        return bot
    }

    func knows(token: String) -> Bool { bot(ofToken: token) != nil }

    func bot(ofToken token: String) -> SandboxBot? {
        guard let bot = SandboxBotProfile.telegramID(in: token).flatMap({ bots[$0] }) else { return nil }
        return bot.profile.token == token ? bot : nil
    }
}
