import Platform

/// Delivery to a webhook, as Telegram does it: one update in flight a lane, lanes in parallel up to what the
/// webhook's health allows; a failed update is sent again on its `RetryBackoff`, and its lane waits for it.
extension Sandbox {
    /// Sends what may be sent now and sets the timer for what waits. Call after anything that changes that.
    func pump(_ bot: SandboxBot) {
        if let timer = bot.wakeUp { loop.cancel(timer) }
        bot.wakeUp = nil
        guard let webhook = bot.webhook, !isStopped else { return }
        let now = clock.now
        let limit = bot.health.connections(of: webhook, at: now)
        while bot.lanes.inFlight < limit,
            let lane = bot.lanes.next(at: now, loadLimit: 2 * webhook.maxConnections)
        {
            guard let update = bot.pending.head(of: lane, at: now) else {
                bot.lanes.finish(lane, hasMore: false)
                continue
            }
            bot.health.sent()
            start(update, to: webhook, for: bot.id)
        }
        guard bot.lanes.inFlight < limit, let wake = bot.lanes.nextWake else { return }
        let id = bot.id
        bot.wakeUp = loop.schedule(after: clock.outside(max(.zero, wake - now))) { [weak self] in
            self?.assumeIsolated { sandbox in
                guard let bot = try? sandbox.bot(id) else { return }
                bot.wakeUp = nil
                sandbox.pump(bot)
            }
        }
    }

    /// The task is kept in `deliveries` until it ends; `stop` cancels and awaits it.
    private func start(_ update: PendingUpdate, to webhook: SandboxWebhook, for id: Int64) {
        let number = nextDelivery
        nextDelivery += 1
        deliveries[number] = Task(executorPreference: loop) {
            await self.deliver(update, to: webhook, for: id, number: number)
        }
    }

    private func deliver(
        _ update: PendingUpdate, to webhook: SandboxWebhook, for id: Int64, number: Int
    ) async {
        defer { deliveries[number] = nil }
        let request = WebhookRequest(
            url: webhook.url, secretToken: webhook.secretToken, body: update.body,
            timeout: configuration.webhookTimeout)
        let result: Result<WebhookAnswer, WebhookFault>
        do {
            result = .success(try await answer(to: request, for: id))
        } catch let fault as WebhookFault {
            result = .failure(fault)
        } catch {
            result = .failure(WebhookFault(message: "Connection closed"))
        }
        guard !isStopped, let bot = try? bot(id) else { return }
        let isCurrent = bot.webhook == webhook
        switch result {
        case .success(let answer) where answer.isSuccess:
            bot.health.succeeded(at: clock.now)
            bot.pending.remove(update.id)
            bot.lanes.finish(update.lane, hasMore: !bot.pending.isEmpty(update.lane))
            pump(bot)
            guard let call = WebhookCall(answer) else { return }
            _ = await self.call(call.method, by: bot, call.parameters, way: .webhook)
        case .success(let answer):
            let reason = HTTPReason.phrase(of: answer.status)
            let message = "Wrong response from the webhook: \(answer.status) \(reason)"
            failed(update, of: bot, message, answer: answer, counts: isCurrent)
        case .failure(let fault):
            failed(update, of: bot, fault.message, answer: nil, counts: isCurrent)
        }
    }

    private func answer(to request: WebhookRequest, for id: Int64) async throws -> WebhookAnswer {
        guard let bot = try? bot(id), var fault = bot.deliveryFault else { return try await post(request) }
        if let remaining = fault.remaining {
            fault.remaining = remaining - 1
            bot.deliveryFault = remaining > 1 ? fault : nil
        }
        return try fault.answer()
    }

    /// - Parameter counts: false when the webhook was changed meanwhile: the update is then simply pending
    ///   again.
    private func failed(
        _ update: PendingUpdate, of bot: SandboxBot, _ message: String, answer: WebhookAnswer?, counts: Bool
    ) {
        defer { pump(bot) }
        guard counts, bot.pending[update.id] != nil else {
            bot.lanes.finish(update.lane, hasMore: !bot.pending.isEmpty(update.lane))
            return
        }
        let now = clock.now
        bot.health.failed(message, status: answer?.status, at: now)
        var update = update
        let bound = Int.random(in: RetryBackoff.bounds, using: &random)
        let next = now + update.retry.failed(retryAfter: answer?.retryAfter ?? 0, bound: bound)
        if next > update.expiresAt {
            bot.health.droppedUpdate()
            bot.pending.remove(update.id)
            bot.lanes.finish(update.lane, hasMore: !bot.pending.isEmpty(update.lane))
        } else {
            bot.pending.replace(update)
            bot.lanes.wait(update.lane, until: next)
        }
        if bot.health.isGone(at: now) {
            removeWebhook(of: bot)
        }
    }
}
