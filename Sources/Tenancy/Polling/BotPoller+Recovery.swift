import Platform

/// What follows when a poll fails.
///
/// 409 is said in three cases. A webhook is there: under the right to work on the bot, ours is deleted, and somebody
/// else's is a conflict, unless it may be taken over. Another getUpdates has ended ours: somebody else polls, once it
/// happens often. A webhook has just been set: it was us, and the bot is about to poll no more, or else the next poll
/// says that a webhook is there.
extension BotPoller {
    /// Waits until the next poll makes sense.
    /// - Returns: false when the poller is to end.
    func recover(from error: any Error) async -> Bool {
        let wait = await waitAfter(error)
        guard !Task.isCancelled, let wait else { return false }
        return (try? await parts.loop.sleep(for: wait)) != nil
    }

    private func waitAfter(_ error: any Error) async -> Duration? {
        switch error {
        case is CancellationError, HTTPClientError.cancelled, HTTPClientError.closed: return nil
        case HTTPClientError.answerTooLarge where askForLess(): return .zero
        case let error as BotAPIError where error.code == 409:
            parts.metrics.conflicts.increment()
            return await waitAfterConflict(error)
        case let error as BotAPIError where error.code == 429:
            parts.metrics.limited.increment()
            return (error.retryAfter ?? .seconds(1)) + .milliseconds(Int.random(in: 0...1000))
        case let error as BotAPIError where error.bot != nil:
            parts.metrics.failed.increment()
            await checkToken()
        case let error as BotAPIError:
            noteFailure("Telegram answers getUpdates with an error: \(error)")
        case is HTTPClientError:
            noteFailure("Telegram cannot be reached")
        default:
            // The database's fault or ours: nothing that could be shown of the bot.
            parts.metrics.failed.increment()
            parts.logger.debug(
                "polled updates could not be stored", ["bot": "\(target.key.bot)", "error": "\(error)"])
        }
        return backoff.next()
    }

    private func noteFailure(_ reason: String) {
        parts.metrics.failed.increment()
        let since = failingSince ?? .now
        failingSince = since
        if .now - since >= parts.pace.patience { show(.failing(reason)) }
    }

    // MARK: Conflicts

    private func waitAfterConflict(_ error: BotAPIError) async -> Duration {
        if error.message.contains("webhook is active") {
            await work { try await self.meetWebhook(in: &$0) }
        } else if !error.message.contains("setWebhook"), conflicts.add(parts.pace) {
            await work { self.noteForeignPoll(in: &$0) }
        }
        return backoff.next()
    }

    private nonisolated func meetWebhook(in work: inout BotWork) async throws -> BotConnector.Done {
        let (judgement, events) = try await parts.connector.look(&work)
        work.webhook.take(judgement, at: .now)
        guard judgement.isWrong else { return BotConnector.Done(events) }
        return BotConnector.Done(events + (try await parts.connector.repair(&work, judgement)))
    }

    /// The event tells its owner, once.
    private nonisolated func noteForeignPoll(in work: inout BotWork) -> BotConnector.Done {
        let known = PollState(state: work.webhook.state, reason: work.webhook.reason)
        work.webhook.state = PollState.foreignPoll.state
        work.webhook.reason = PollState.foreignPoll.reason
        return BotConnector.Done(known == .foreignPoll ? [] : [.foreignPoll])
    }

    // MARK: The token

    /// Asks once more whether Telegram knows the token, under the right to work on the bot: it may have been replaced
    /// meanwhile. The connector writes down what the answer says.
    private func checkToken() async {
        await work { [target, parts] work in
            guard work.token == target.token else { return BotConnector.Done() }
            _ = try await parts.connector.telegram.getMe(token: target.token)
            return BotConnector.Done()
        }
    }

    // MARK: Work

    /// Works on the bot if it still is to poll. A failure is not the end: the next poll comes here again.
    private func work(
        _ body: @escaping @Sendable (inout BotWork) async throws -> BotConnector.Done
    ) async {
        forgetShown()
        do {
            _ = try await parts.connector.work(on: target.key) { [connector = parts.connector] work in
                guard connector.isToPoll(work) else { return BotConnector.Done() }
                return try await body(&work)
            }
        } catch {
            parts.logger.debug(
                "a bot that cannot poll could not be worked on",
                ["bot": "\(target.key.bot)", "error": "\(error)"])
        }
    }
}

extension BotConnector {
    /// Whether the bot polls, and nothing else is wanted of it by now.
    fileprivate func isToPoll(_ work: BotWork) -> Bool {
        work.bot.transport == .polling && wanted(work) == .polling
    }
}
