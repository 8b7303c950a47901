import Platform

extension Sandbox {
    /// An empty URL deletes. More than one call with a URL a second is refused before anything else is looked
    /// at.
    func setWebhook(_ bot: SandboxBot, _ parameters: CallParameters) throws(BotAPIRefusal) -> BotAPIAnswer {
        guard let url = parameters.string("url"), !url.isEmpty else { return deleteWebhook(bot, parameters) }
        let now = clock.now
        if let next = bot.nextSetWebhook, now < next { throw .tooManyRequests(retryAfter: 1) }
        bot.nextSetWebhook = now + .seconds(1)
        let settings = try SandboxWebhook(parameters, allowsLoopback: configuration.allowsHTTP)
        endPoll(of: bot, with: .failure(.terminatedBySetWebhook))
        bot.allowedUpdates.take(from: parameters)
        if parameters.flag("drop_pending_updates") { dropPending(of: bot) }
        let isSame = settings == bot.webhook && !settings.hasCertificate
        if !isSame {
            replaceWebhook(of: bot, with: settings)
        }
        pump(bot)
        return .success(true, description: isSame ? "Webhook is already set" : "Webhook was set")
    }

    func deleteWebhook(_ bot: SandboxBot, _ parameters: CallParameters) -> BotAPIAnswer {
        bot.allowedUpdates.take(from: parameters)
        if parameters.flag("drop_pending_updates") { dropPending(of: bot) }
        guard bot.webhook != nil else { return .success(true, description: "Webhook is already deleted") }
        removeWebhook(of: bot)
        return .success(true, description: "Webhook was deleted")
    }

    /// What is in flight comes to its end; what waits stays pending.
    func removeWebhook(of bot: SandboxBot) {
        replaceWebhook(of: bot, with: nil)
        pump(bot)
    }

    private func replaceWebhook(of bot: SandboxBot, with settings: SandboxWebhook?) {
        bot.webhook = settings
        bot.infoOverride = nil
        bot.health.begin()
        bot.lanes.endWaits()
    }

    /// Somebody else who has the token sets a webhook, or deletes it with an empty URL. It is not recorded and not
    /// limited; the URL may be plain http on this machine.
    /// - Throws: `SandboxError`
    package func setForeignWebhook(_ url: String, secretToken: String? = nil, of telegramID: Int64)
        throws(SandboxError)
    {
        let bot = try bot(telegramID)
        guard !url.isEmpty else { return removeWebhook(of: bot) }
        let parameters = CallParameters([
            JSON.Member(name: "url", value: .string(url)),
            JSON.Member(name: "secret_token", value: .string(secretToken ?? "")),
        ])
        do throws(BotAPIRefusal) {
            let settings = try SandboxWebhook(parameters, allowsLoopback: true)
            endPoll(of: bot, with: .failure(.terminatedBySetWebhook))
            replaceWebhook(of: bot, with: settings)
        } catch {
            throw .invalid(field: "url", error.description)
        }
        pump(bot)
    }

    /// What is set at Telegram; nil for no webhook.
    /// - Throws: `SandboxError`
    package func webhook(of telegramID: Int64) throws(SandboxError) -> SandboxWebhook? {
        try bot(telegramID).webhook
    }

    private func dropPending(of bot: SandboxBot) {
        bot.pending.removeAll()
        bot.lanes.prune { _ in false }
    }

    /// WebhookInfo of the Bot API.
    func webhookInfo(of bot: SandboxBot) -> JSON {
        let webhook = bot.webhook
        let health = bot.health
        let override = bot.infoOverride
        let errorDate = override?.lastErrorDate ?? health.lastErrorAt.map { Int($0.secondsSince1970) }
        return .members([
            "url": .string(webhook?.url ?? ""),
            "has_custom_certificate": .bool(webhook?.hasCertificate ?? false),
            "pending_update_count": .integer(override?.pendingUpdateCount ?? bot.pending.count),
            "ip_address": webhook?.ipAddress.map { .string($0.description) },
            "last_error_date": errorDate.map { .integer($0) },
            "last_error_message": (override?.lastErrorMessage ?? health.lastErrorMessage).map { .string($0) },
            "last_synchronization_error_date": override?.lastSynchronizationErrorDate.map { .integer($0) },
            "max_connections": webhook.map { .integer($0.maxConnections) },
            "allowed_updates": bot.allowedUpdates.names.map { .array($0.map { .string($0) }) },
        ])
    }
}
