import Platform

/// What else a bot's owner does that takes work at Telegram.
extension BotConnector {
    /// Puts a new token in, whose bot `profile` is, and has the bot's updates come in again as they are wanted to.
    /// Where they cannot, the webhook's state says why.
    /// - Returns: nil when the tenant has no such bot.
    package func replaceToken(
        of key: BotKey, with token: BotToken, _ profile: BotProfile, record: Record
    ) async throws -> (Bot, Webhook)? {
        try await work(on: key) { work in
            let held = work
            work.bot = try await database.write(key.tenant) { tx in
                let before = try await held.hold(in: tx)
                let after = try await before.replaceToken(
                    token, username: profile.username, box: secrets, in: tx)
                guard let after else { throw BotWork.Gone() }
                try await record(before, after, tx)
                return after
            }
            work.token = token
            return try await begin(&work)
        }
    }

    /// Begins anew, as far as that can be done now.
    private func begin(_ work: inout BotWork) async throws -> Done {
        let before = work
        do {
            if let host = try await foreignHost(work) {
                guard work.bot.takesOver else {
                    work.webhook.state = .conflict
                    work.webhook.reason =
                        "The webhook points at \(host), which is not ours; take_over replaces it"
                    return Done([.foreignWebhook(host: host)])
                }
                try await realign(&work)
                return Done([.takenOver(host: host)])
            }
            try await realign(&work)
        } catch let error as BotAPIError where error.bot == nil && !error.isTelegramAway {
            work = before
            work.webhook.state = .failing
            work.webhook.reason = "Telegram refuses the webhook: \(error.message)"
        } catch let error where error.isTelegramAway {
            work = before
            work.leaveForLater(error)
        }
        return Done()
    }

    /// Deletes the bot, and before that its webhook at Telegram, unless that is somebody else's by now. A bot that
    /// Telegram does not know any more, or whose token cannot be opened, is deleted all the same.
    /// - Returns: false when the tenant has no such bot.
    /// - Throws: `BotAPIError` and `HTTPClientError` when Telegram cannot be asked: then nothing has changed.
    package func disconnect(
        _ key: BotKey, if condition: Condition = { _ in },
        record: (Bot, TenantTransaction) async throws -> Void
    ) async throws -> Bool {
        var isDeleted = false
        _ = try await work(on: key, if: condition) { work in
            if work.token != nil {
                do { try await deleteOurs(&work) } catch let error as BotAPIError where !error.isTelegramAway
                {
                    // It is not ours to use any more.
                }
            }
            let held = work
            try await database.write(key.tenant) { tx in
                let bot = try await held.hold(in: tx)
                try await bot.delete(in: tx)
                try await record(bot, tx)
            }
            isDeleted = true
            return Done()
        }
        return isDeleted
    }
}
