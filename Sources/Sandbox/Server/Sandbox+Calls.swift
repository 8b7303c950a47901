import Platform

extension Sandbox {
    /// Carries out a call of the Bot API: token, faults, record, method, in this order.
    func call(_ method: String, token: String, _ parameters: CallParameters) async -> BotAPIAnswer {
        guard let bot = bot(ofToken: token) else { return .failure(.unauthorized) }
        return await call(method, by: bot, parameters, way: .request)
    }

    func call(
        _ method: String, by bot: SandboxBot, _ parameters: CallParameters, way: RecordedCall.Way
    ) async -> BotAPIAnswer {
        guard let known = BotMethod(method) else { return .failure(.methodNotFound) }
        let record = bot.calls.record(method, parameters.json, by: way, at: clock.now)
        let fault = bot.faults.take(for: method)
        wakeWaiters(of: bot)
        let answer: BotAPIAnswer
        switch fault {
        case .silence(let duration)?:
            try? await loop.sleep(for: clock.outside(duration))
            answer = .failure(BotAPIRefusal(status: 504, description: "Gateway Timeout"))
        case .error(let error)?: answer = .failure(error)
        case nil: answer = await perform(known, by: bot, parameters)
        }
        bot.calls.answered(record, status: answer.status)
        return answer
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
