import Platform
import Tenancy

/// `POST /telegram/webhook/{bot_id}`: takes an update in. 200 means that it is in the log, durably.
struct TelegramWebhook: Sendable {
    private static let accepted = HTTPResponse.json(200, Array("{}".utf8))

    let directory: BotDirectory
    let appender: UpdateAppender
    let checksAddress: Bool

    @Sendable func receive(_ request: HTTPRequest) async throws -> HTTPResponse {
        guard let bot = ID<Bot>(request.parameters["bot_id"] ?? "") else { throw Problem.notFound }
        let tenant = try admit(request, to: bot)
        let head = try UpdateHead(parsing: request.body)
        try await appender.append(
            NewUpdate(
                tenant: tenant, bot: bot, head: head, receivedAt: request.receivedAt, payload: request.body))
        return Self.accepted
    }

    /// Refuses what cannot be accepted whatever its body holds: a stranger is not read on from. Takes nothing of
    /// the bot's rate limit.
    @Sendable func checkHead(of request: HTTPRequest) -> Problem? {
        guard let bot = ID<Bot>(request.parameters["bot_id"] ?? "") else { return Problem.notFound }
        return directory.refusal(of: bot, secret: secret(of: request), isAddressAllowed: isAllowed(request))
            .map(problem)
    }

    private func admit(_ request: HTTPRequest, to bot: ID<Bot>) throws -> ID<Tenant> {
        switch directory.admit(bot, secret: secret(of: request), isAddressAllowed: isAllowed(request)) {
        case .admitted(let tenant): return tenant
        case .refused(let refusal): throw problem(refusal)
        case .limited(let wait): throw Problem.rateLimited(retryAfter: wait)
        }
    }

    private func secret(of request: HTTPRequest) -> String? {
        request.headers["X-Telegram-Bot-Api-Secret-Token"]
    }

    private func isAllowed(_ request: HTTPRequest) -> Bool {
        !checksAddress || TelegramNetwork.contains(request.client)
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
