import Platform

extension Webhook {
    /// It has just been set at Telegram.
    mutating func wasSet(to url: String, at now: Timestamp) {
        if self.url != url { report = WebhookReport() }
        self.url = url
        report.url = url
        state = .healthy
        reason = nil
        secretSetAt = secretSetAt ?? now
    }

    /// There is none any more, because it was deleted here.
    mutating func deleted() {
        url = nil
        report = WebhookReport()
        report.url = ""
        state = .notSet
        failures = 0
        failingSince = nil
    }

    /// Takes over what a look has said.
    mutating func take(_ judgement: WebhookJudgement, at now: Timestamp) {
        state = judgement.state
        reason = judgement.reason
        failingSince = state == .failing ? failingSince ?? now : nil
        if !judgement.isWrong { failures = 0 }
    }

    /// Why there is none, in words.
    func reasonWithout(_ transport: Bot.Transport, _ bot: Bot) -> String? {
        switch (transport, bot.mode) {
        case (.polling, .polling): PollState.polls
        case (.polling, .hybrid) where fallbackSince != nil: PollState.pollsForNow
        case (.polling, _): PollState.pollsWithoutAddress
        case (.none, _) where !bot.webhook.isEnabled: "The webhook was deleted"
        case (.none, _): "There is no public address (ROOKERY_PUBLIC_URL)"
        case (.webhook, _): nil
        }
    }
}

extension BotWork {
    /// - Throws: `BotConnector.SealedToken`
    package func requireToken() throws -> BotToken {
        guard let token else { throw BotConnector.SealedToken() }
        return token
    }

    /// The bot is of no more use to us: Telegram knows its token no more, or refuses it.
    mutating func end(as error: BotAPIError) -> BotEvent {
        let isRevoked = error.bot == .tokenRevoked
        bot.status = isRevoked ? .tokenRevoked : .blocked
        bot.transport = .none
        webhook.deleted()
        // Until its owner does something about it.
        webhook.nextCheckAt = .now + .seconds(30 * 86_400)
        webhook.reason =
            isRevoked
            ? "Telegram knows the token no more: put the new one in (PUT /v1/bots/{bot_id}/token)"
            : "Telegram refuses the bot: \(error.message)"
        return isRevoked ? .tokenRevoked : .blocked
    }
}

extension BotConnector {
    /// The bot's token cannot be opened with the master key.
    package struct SealedToken: Error {}
}

extension BotAPIError {
    /// What the answer says of the bot itself, whatever was called; nil when it is about the call. Of calls that have
    /// no chat, such as those of webhooks and getUpdates, only.
    package var bot: Bot.Status? {
        switch code {
        // Something else that answers in Telegram's place knows nothing of bots.
        case _ where isForeign: nil
        case 401: .tokenRevoked
        case 403: .blocked
        // Telegram's word for a token of no bot, not for a method that does not exist.
        case 404 where message == "Not Found": .tokenRevoked
        default: nil
        }
    }
}
