import Platform

/// Connecting a bot: `examine` its token, `Bot.create` in a transaction of the caller's own, then `settle`.
extension BotConnector {
    /// A token of no bot at Telegram.
    package struct InvalidToken: Error, CustomStringConvertible {
        package init() {}
        package var description: String { "Telegram knows no bot with this token" }
    }

    /// The bot is connected already, by this tenant or another.
    package struct AlreadyRegistered: Error, CustomStringConvertible {
        package init() {}
        package var description: String { "this bot is connected already" }
    }

    /// What Telegram tells of a bot that may be connected.
    package struct Examined: Sendable {
        package let token: BotToken
        package let profile: BotProfile
        /// Where its webhook points that is to be taken over.
        package let foreignHost: String?

        /// - Parameter name: the bot's own when nil.
        package func bot(name: String?, mode: Bot.Mode) -> Bot.New {
            // A name at Telegram has 64 characters at most, and is never empty.
            Bot.New(
                telegramID: profile.telegramID, username: profile.username,
                name: name ?? String(profile.name.unicodeScalars.prefix(200)), mode: mode)
        }
    }

    /// Asks Telegram whose token it is, and whether somebody else has the bot's updates. Whether it is connected
    /// already is said only to who has the right token.
    /// - Parameters:
    ///   - webhookURL: the one wanted, when it is not the platform's own.
    ///   - isPatient: whether it asks again when Telegram says to wait for a moment.
    /// - Throws: `InvalidToken`, `AlreadyRegistered`, `WebhookConflict`, `BotAPIError`, `HTTPClientError`
    package func examine(
        _ token: BotToken, takesOver: Bool, webhookURL: String? = nil, isPatient: Bool = true
    ) async throws -> Examined {
        let profile = try await identify(token, isPatient: isPatient)
        let isRegistered = try await database.readPlatform { tx in
            try await Bot.isRegistered(profile.telegramID, in: tx)
        }
        guard !isRegistered else { throw AlreadyRegistered() }
        let info = try await patiently(isPatient) { try await telegram.getWebhookInfo(token: token) }
        let host = address.foreignHost(of: info.url, wanted: webhookURL, lastSet: nil)
        if let host, !takesOver { throw WebhookConflict(host: host) }
        return Examined(token: token, profile: profile, foreignHost: host)
    }

    /// - Parameter isPatient: not so for imports, which see to their pace themselves.
    /// - Throws: `InvalidToken`; `BotAPIError` 429, before Telegram is asked, when too many tokens have been shown to it.
    package func identify(_ token: BotToken, isPatient: Bool = true) async throws -> BotProfile {
        if let wait = onboarding?.wait(for: token, isPaced: !isPatient) { throw BotAPIError(heldFor: wait) }
        do {
            let profile = try await patiently(isPatient) { try await telegram.getMe(token: token) }
            guard profile.telegramID == token.telegramID else { throw InvalidToken() }
            return profile
        } catch let error as BotAPIError where error.bot == .tokenRevoked {
            throw InvalidToken()
        }
    }

    /// Has a bot's updates come in as its owner wants them to, unless they do already. What cannot be done now, because
    /// Telegram cannot be asked, is left to the reconciler, and the bot's `reason` says so.
    /// - Parameter isExamined: whether somebody else's webhook was asked for just now.
    /// - Returns: nil when the tenant has no such bot.
    /// - Throws: `BotAPIError` when Telegram refuses to; `WebhookConflict`; `BotWork.Busy`
    @discardableResult
    package func settle(
        _ key: BotKey, dropPending: Bool = false, isExamined: Bool = true
    ) async throws -> (Bot, Webhook)? {
        try await work(on: key) { work in
            if work.bot.mode != .hybrid { work.webhook.endFallback() }
            guard work.bot.status == .active, work.bot.transport != wanted(work) || dropPending else {
                return Done()
            }
            let before = work
            do {
                let foreign = isExamined ? nil : try await foreignHost(work)
                if let foreign, !work.bot.takesOver { throw WebhookConflict(host: foreign) }
                try await realign(&work, dropPending: dropPending)
                return Done(foreign.map { [.takenOver(host: $0)] } ?? [])
            } catch let error where error.isTelegramAway {
                work = before
                work.leaveForLater(error)
                return Done()
            }
        }
    }

    /// `align`, as often as Telegram asks to wait for a moment.
    func realign(_ work: inout BotWork, dropPending: Bool = false) async throws {
        let before = work
        try await patiently {
            work = before
            try await align(&work, dropPending: dropPending)
        }
    }
}

extension Webhook {
    /// A hybrid bot's webhook gets another trial.
    mutating func endFallback() {
        fallbackSince = nil
        fallbackProbes = 0
    }
}

extension BotWork {
    /// Telegram cannot be asked: the reconciler goes on.
    mutating func leaveForLater(_ error: any Error) {
        // Not the error's own words, which are ours and not the tenant's.
        let isAskedToWait = (error as? BotAPIError)?.code == 429
        webhook.reason =
            isAskedToWait
            ? "Telegram asks to wait; it will be tried again"
            : "Telegram cannot be reached; it will be tried again"
        webhook.nextCheckAt = .now
        webhook.lastCheckedAt = nil
    }
}
