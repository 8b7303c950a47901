import Platform

/// Brings about at Telegram what is wanted of a bot, over one event loop's client and connections.
///
/// All work on one bot is done under a `BotWork`, one piece at a time over all nodes: claimed in one transaction, done
/// at Telegram with no transaction open, written down in another. What happens when the program dies in between is put
/// right by the next piece of work, since what is wanted stands in `bot` from the beginning and setting a webhook, or
/// deleting it, can be repeated.
package struct BotConnector: Sendable {
    /// What a piece of work has done beside changing its `BotWork`.
    package struct Done: Sendable {
        package var events: [BotEvent] = []
        package init(_ events: [BotEvent] = []) { self.events = events }
    }

    /// How long to wait for somebody else's work on the same bot.
    private static let patience = Duration.seconds(10)
    private static let alreadySet = "Webhook is already set"

    let loop: EventLoop
    let database: Database
    let telegram: BotAPIClient
    package let secrets: BotSecrets
    package let address: PublicAddress
    let events: BotEvents
    let schedule: CheckSchedule

    package init(
        loop: EventLoop, database: Database, telegram: BotAPIClient, secrets: BotSecrets,
        address: PublicAddress,
        events: BotEvents, schedule: CheckSchedule
    ) {
        self.loop = loop
        self.database = database
        self.telegram = telegram
        self.secrets = secrets
        self.address = address
        self.events = events
        self.schedule = schedule
    }

    // MARK: One piece of work

    /// Claims the bot, runs `body` and writes down what it made of the work.
    ///
    /// When `body` throws, what it changed is not written, but for a token that Telegram knows no more, or a bot that
    /// it refuses: those are written, and then thrown.
    /// - Parameter condition: throws when the bot is not as whoever asks for the work thinks; nothing is done then.
    /// - Returns: nil when the tenant has no such bot.
    /// - Throws: `BotWork.Busy`, `BotAPIError`, `HTTPClientError`
    package func work(
        on key: BotKey, if condition: Condition = { _ in }, _ body: (inout BotWork) async throws -> Done
    ) async throws -> (Bot, Webhook)? {
        guard let work = try await claim(key) else { return nil }
        return try await carryOut(work) { work in
            try condition(work)
            return try await body(&work)
        }
    }

    /// What has to be true of a bot for work on it, looked at when nobody else works on it any more.
    package typealias Condition = (BotWork) throws -> Void

    /// The same with work that has been claimed.
    /// - Parameter isScheduled: whether who calls this sees to it that the bot is looked at again should `body` throw.
    func carryOut(
        _ claimed: BotWork, isScheduled: Bool = false, _ body: (inout BotWork) async throws -> Done
    ) async throws -> (Bot, Webhook)? {
        var work = claimed
        do {
            let done = try await body(&work)
            return try await finish(work, since: claimed, done)
        } catch is BotWork.Gone {
            return nil
        } catch let error as BotAPIError where error.bot != nil {
            work = claimed
            let event = work.end(as: error)
            _ = try await finish(work, since: claimed, Done([event]))
            throw error
        } catch {
            let isLeft = work.isTouched && !isScheduled
            // Should this fail, too, the right runs out by itself. A task of its own, since this one may be cancelled;
            // awaited right here.
            await Task(executorPreference: loop) {
                try? await database.write(claimed.key.tenant) { tx in
                    try await claimed.release(in: tx)
                    if isLeft { try await Webhook.expedite(claimed.key.bot, in: tx) }
                }
            }.value
            throw error
        }
    }

    private func claim(_ key: BotKey) async throws -> BotWork? {
        let deadline = ContinuousClock.now + Self.patience
        while true {
            do {
                return try await database.write(key.tenant) { tx in
                    try await BotWork.claim(key.bot, box: secrets, in: tx)
                }
            } catch let busy as BotWork.Busy {
                guard ContinuousClock.now < deadline else { throw busy }
                try await loop.sleep(for: .milliseconds(Int.random(in: 50...150)))
            }
        }
    }

    private func finish(_ work: BotWork, since before: BotWork, _ done: Done) async throws -> (Bot, Webhook)?
    {
        let written = try await database.write(work.key.tenant) { tx -> (Bot, Webhook)? in
            guard let written = try await work.finish(since: before, in: tx) else { return nil }
            for event in done.events { try await events.record(event, written.0, tx) }
            return written
        }
        guard let written else { return nil }
        for event in done.events { events.tell(event, written.0) }
        return written
    }

    // MARK: What is done at Telegram

    /// Has the bot's updates come in as they are wanted to, whatever is there now: sets the webhook, or deletes it.
    /// - Parameters:
    ///   - dropPending: forget what waits at Telegram; only on its owner's word.
    ///   - renews: set a webhook that Telegram says is set already all the same, by deleting it before.
    package func align(
        _ work: inout BotWork, dropPending: Bool = false, renews: Bool = false
    ) async throws {
        let wanted = wanted(work)
        let token = try work.requireToken()
        work.isTouched = true
        switch wanted {
        case .webhook:
            do {
                try await set(&work, token, dropPending: dropPending, renews: renews)
            } catch let error as BotAPIError
                where error.wantsHTTPS && work.bot.webhook.url == nil && address.giveUpOwn()
            {
                return try await align(&work, dropPending: dropPending)
            }
        case .polling, .none:
            _ = try await telegram.deleteWebhook(dropPendingUpdates: dropPending, token: token)
            work.webhook.deleted()
            work.webhook.reason = work.webhook.reasonWithout(wanted, work.bot)
        }
        work.bot.transport = wanted
        work.webhook.nextCheckAt = schedule.next(after: .now, for: work.bot.id)
    }

    private func set(
        _ work: inout BotWork, _ token: BotToken, dropPending: Bool, renews: Bool
    ) async throws {
        guard let url = address.webhookURL(of: work.bot), let secret = work.secrets.first else { return }
        let wish = work.bot.webhook
        let settings = WebhookSettings(
            url: url, secretToken: secret, maxConnections: wish.maxConnections,
            allowedUpdates: wish.allowedUpdates, dropPendingUpdates: dropPending ? true : nil)
        let remark = try await patiently { try await telegram.setWebhook(settings, token: token) }
        if renews, remark == Self.alreadySet {
            try await telegram.deleteWebhook(token: token)
            try await patiently { try await telegram.setWebhook(settings, token: token) }
        }
        work.webhook.wasSet(to: url, at: .now)
    }
}

extension BotAPIError {
    /// Whether a webhook is refused for being http.
    fileprivate var wantsHTTPS: Bool { code == 400 && message.contains("HTTPS URL must be provided") }
}
