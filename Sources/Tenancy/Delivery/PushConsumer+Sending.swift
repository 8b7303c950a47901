import Platform

/// One attempt, and what its answer says of the endpoint.
extension PushConsumer {
    /// Sends and writes the attempt down.
    /// - Parameter number: by the schedule; the endpoint is told of attempts after which it was put back, too.
    /// - Returns: nil when it was not sent, which is not the endpoint's failure: it pauses a while instead.
    func send(_ update: LoggedUpdate, number: Int) async -> DeliveryAttempt? {
        let number = number + (putBacks.isEmpty ? 0 : putBacks[update.position] ?? 0)
        let target = target
        guard
            let attempt = await parts.sender.send(
                update, to: target, attempt: number,
                ifStill: { [parts, epoch, shard = consumer.bot.shard] in
                    !update.isTooLate && parts.leases.epoch(of: shard) == epoch
                })
        else {
            if !update.isTooLate { pause(for: Self.pause) }
            return nil
        }
        // What an old endpoint answers late says nothing of the one that the consumer has now.
        let isFromEndpoint = target.url == self.target.url
        if isFromEndpoint { take(attempt) }
        observe(attempt, of: update)
        await parts.outcomes.take(attempt, of: update, to: target, isFromEndpoint: isFromEndpoint)
        // So that attempts beyond the stored cursors stay few, also while none of them moves anything.
        recordProgress()
        if attempt.isSuccess { forgetPutBacks(of: update) }
        return attempt
    }

    private func take(_ attempt: DeliveryAttempt) {
        if attempt.isGone { pause(for: Self.pauseWhenGone) }
        if attempt.isSuccess {
            breaker.succeeded()
            throttle.succeeded(at: .now, limit: consumer.concurrency)
        } else {
            breaker.failed(at: .now, retryAfter: attempt.retryAfter, jitter: .random(in: 0...1))
            if let code = attempt.statusCode, Throttle.statusCodes.contains(code) {
                throttle.throttled(
                    at: .now, limit: consumer.concurrency, retryAfter: attempt.retryAfter,
                    jitter: .random(in: 0...1))
            }
        }
    }

    private func observe(_ attempt: DeliveryAttempt, of update: LoggedUpdate) {
        guard !target.isReplay else { return parts.metrics.observe(attempt, age: nil) }
        let age = max(.zero, Timestamp.now - update.receivedAt)
        parts.metrics.observe(attempt, age: age)
        if attempt.isSuccess {
            parts.traffic?.delivered(bot: consumer.bot, time: age)
        } else {
            parts.traffic?.deliveryFailed(bot: consumer.bot)
        }
    }

    private func pause(for time: Duration) {
        // Once for all that was under way together.
        guard .now + time / 2 >= pausedUntil else { return }
        pausedUntil = .now + time
        parts.loop.schedule(at: pausedUntil) { self.assumeIsolated { $0.pump() } }
    }
}
