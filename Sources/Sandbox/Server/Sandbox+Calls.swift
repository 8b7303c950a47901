import Platform

extension Sandbox {
    /// Carries out a call of the Bot API: faults of all bots, token, the bot's faults, record, method, in this order.
    /// - Parameter address: whose; nil: new tokens are not counted.
    func call(
        _ method: String, token: String, _ parameters: CallParameters, from address: IPAddress? = nil
    ) async -> BotAPIAnswer {
        let bot = bot(ofToken: token)
        let entry = ledger.record(method, by: bot?.id, at: clock.now)
        let answer: BotAPIAnswer
        if let fault = faults.take(for: method) {
            answer = await met(fault, method, by: bot, parameters)
        } else if let refusal = refusal(of: bot, from: address) {
            answer = .failure(refusal)
        } else if let bot {
            answer = await call(method, by: bot, parameters, way: .request)
        } else {
            answer = .failure(.unauthorized)
        }
        ledger.answered(entry, method, status: answer.status)
        return answer
    }

    func call(
        _ method: String, by bot: SandboxBot, _ parameters: CallParameters, way: RecordedCall.Way
    ) async -> BotAPIAnswer {
        guard let known = BotMethod(method) else { return .failure(.methodNotFound) }
        let record = bot.calls.record(method, parameters.json, by: way, at: clock.now)
        let fault = bot.faults.take(for: method)
        wakeWaiters(of: bot)
        let answer: BotAPIAnswer
        if let fault {
            answer = await self.answer(to: fault)
        } else {
            answer = await perform(known, by: bot, parameters)
        }
        bot.calls.answered(record, status: answer.status)
        return answer
    }

    /// A fault of all bots: the call is recorded, but not carried out.
    private func met(
        _ fault: SandboxFault.Kind, _ method: String, by bot: SandboxBot?, _ parameters: CallParameters
    ) async -> BotAPIAnswer {
        let record = bot?.calls.record(method, parameters.json, by: .request, at: clock.now)
        if let bot { wakeWaiters(of: bot) }
        let answer = await answer(to: fault)
        if let bot, let record { bot.calls.answered(record, status: answer.status) }
        return answer
    }

    private func answer(to fault: SandboxFault.Kind) async -> BotAPIAnswer {
        switch fault {
        case .error(let error): return .failure(error)
        case .silence(let duration):
            try? await loop.sleep(for: clock.outside(duration))
            return .failure(BotAPIRefusal(status: 504, description: "Gateway Timeout"))
        }
    }

    /// A token that was not seen before counts against the address, also one of no bot.
    private func refusal(of bot: SandboxBot?, from address: IPAddress?) -> BotAPIRefusal? {
        guard let address, let newTokenLimit, bot?.isSeen != true else { return nil }
        if let seconds = newTokens.see(from: address, at: clock.now, limit: newTokenLimit) {
            return .tooManyRequests(retryAfter: seconds)
        }
        bot?.isSeen = true
        return nil
    }

    private func perform(_ method: BotMethod, by bot: SandboxBot, _ parameters: CallParameters) async
        -> BotAPIAnswer
    {
        do throws(BotAPIRefusal) {
            switch method.name {
            case "getupdates": return try await getUpdates(bot, parameters)
            case "setwebhook": return try setWebhook(bot, parameters)
            case "deletewebhook": return deleteWebhook(bot, parameters)
            case "getwebhookinfo": return .success(webhookInfo(of: bot))
            default: return .success(try method.result(for: bot, parameters, at: clock.now))
            }
        } catch {
            return .failure(error)
        }
    }
}
