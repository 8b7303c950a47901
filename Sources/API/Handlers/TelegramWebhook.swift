import Platform
import Tenancy

/// `POST /telegram/webhook/{bot_id}`: takes an update in. 200 means that it is in the log, durably.
struct TelegramWebhook: Sendable {
    private static let accepted = HTTPResponse.json(200, Array("{}".utf8))

    let directory: BotDirectory
    let appender: UpdateAppender
    let traffic: BotTraffic
    let commands: AdminCommands
    let checksAddress: Bool

    @Sendable func receive(_ request: HTTPRequest) async throws -> HTTPResponse {
        guard let bot = ID<Bot>(request.parameters["bot_id"] ?? "") else { throw Problem.notFound }
        let (tenant, takesCommands) = try admit(request, to: bot)
        let head = try parse(request.body, of: BotKey(tenant: tenant, bot: bot))
        let update = NewUpdate(
            tenant: tenant, bot: bot, head: head, receivedAt: request.receivedAt, payload: request.body)
        if takesCommands, let order = try await order(in: update) {
            try await appender.append(update.asAdminCommand)
            await commands.carryOut(order)
        } else {
            try await appender.append(update)
        }
        return Self.accepted
    }

    private func order(in update: NewUpdate) async throws -> AdminCommands.Order? {
        do {
            return try await commands.order(in: update)
        } catch {
            count(.failed, update.bot)
            throw error
        }
    }

    /// Refuses what cannot be accepted whatever its body holds: a stranger is not read on from. Takes nothing of
    /// the bot's rate limit.
    @Sendable func checkHead(of request: HTTPRequest) -> Problem? {
        guard let bot = ID<Bot>(request.parameters["bot_id"] ?? "") else { return Problem.notFound }
        return directory.refusal(of: bot, secret: secret(of: request), isAddressAllowed: isAllowed(request))
            .map { problem($0, bot) }
    }

    private func admit(_ request: HTTPRequest, to bot: ID<Bot>) throws -> (ID<Tenant>, takesCommands: Bool) {
        switch directory.admit(bot, secret: secret(of: request), isAddressAllowed: isAllowed(request)) {
        case .admitted(let tenant, let takesCommands): return (tenant, takesCommands)
        case .refused(let refusal): throw problem(refusal, bot)
        case .limited(let wait):
            count(.limited, bot)
            throw Problem.rateLimited(retryAfter: wait)
        }
    }

    private func secret(of request: HTTPRequest) -> String? {
        request.headers["X-Telegram-Bot-Api-Secret-Token"]
    }

    private func isAllowed(_ request: HTTPRequest) -> Bool {
        !checksAddress || TelegramNetwork.contains(request.client)
    }

    private func parse(_ body: [UInt8], of bot: BotKey) throws -> UpdateHead {
        do {
            return try UpdateHead(parsing: body)
        } catch {
            traffic.refused(bot: bot, .invalid)
            throw error
        }
    }

    private func count(_ refusal: BotTraffic.Refusal, _ bot: ID<Bot>) {
        guard let tenant = directory.tenant(of: bot) else { return }
        traffic.refused(bot: BotKey(tenant: tenant, bot: bot), refusal)
    }

    /// What the answer says, once it has been counted.
    private func problem(_ refusal: BotDirectory.Refusal, _ bot: ID<Bot>) -> Problem {
        switch refusal {
        case .unknownBot: break
        case .wrongSecret: count(.wrongSecret, bot)
        case .suspended, .addressRefused: count(.forbidden, bot)
        }
        return problem(refusal)
    }

    private func problem(_ refusal: BotDirectory.Refusal) -> Problem {
        switch refusal {
        case .unknownBot where !directory.isLoaded: .unavailable()
        case .unknownBot: .notFound
        case .wrongSecret: Problem(401, "wrong_secret", "The secret token is missing or wrong")
        case .suspended: Problem(403, "tenant_suspended", "The bot's owner is suspended")
        case .addressRefused:
            Problem(403, "address_refused", "Updates are taken from Telegram's addresses only")
        }
    }
}

extension Problem {
    static func rateLimited(retryAfter: Duration) -> Problem {
        Problem(
            429, "rate_limited", "Too many requests",
            headers: ["Retry-After": "\(max(1, Int(retryAfter.seconds.rounded(.up))))"])
    }
}
