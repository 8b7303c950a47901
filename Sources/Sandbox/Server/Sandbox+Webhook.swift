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
            bot.webhook = settings
            bot.health.begin()
            bot.lanes.endWaits()
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
        bot.webhook = nil
        bot.health.begin()
        bot.lanes.endWaits()
        pump(bot)
    }

    private func dropPending(of bot: SandboxBot) {
        bot.pending.removeAll()
        bot.lanes.prune { _ in false }
    }

    /// WebhookInfo of the Bot API.
    func webhookInfo(of bot: SandboxBot) -> JSON {
        let webhook = bot.webhook
        let health = bot.health
        return .members([
            "url": .string(webhook?.url ?? ""),
            "has_custom_certificate": .bool(webhook?.hasCertificate ?? false),
            "pending_update_count": .integer(bot.pending.count),
            "ip_address": webhook?.ipAddress.map { .string($0.description) },
            "last_error_date": health.lastErrorAt.map { .integer($0.secondsSince1970) },
            "last_error_message": health.lastErrorMessage.map { .string($0) },
            "max_connections": webhook.map { .integer($0.maxConnections) },
            "allowed_updates": bot.allowedUpdates.names.map { .array($0.map { .string($0) }) },
        ])
    }
}
