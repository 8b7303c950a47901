import Platform
import Tenancy

/// `POST /telegram/webhook/{bot_id}`: takes an update in. 200 means that it is in the log, durably.
struct TelegramWebhook: Sendable {
    private static let accepted = Array("{}".utf8)

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
        return .json(200, Self.accepted)
    }

    private func admit(_ request: HTTPRequest, to bot: ID<Bot>) throws -> ID<Tenant> {
        let isAddressAllowed = !checksAddress || TelegramNetwork.contains(request.client)
        let secret = request.headers["X-Telegram-Bot-Api-Secret-Token"]
        switch directory.admit(bot, secret: secret, isAddressAllowed: isAddressAllowed) {
        case .admitted(let tenant): return tenant
        case .unknownBot where !directory.isLoaded: throw Problem.unavailable()
        case .unknownBot: throw Problem.notFound
        case .wrongSecret: throw Problem(401, "wrong_secret", "The secret token is missing or wrong")
        case .suspended: throw Problem(403, "tenant_suspended", "The bot's owner is suspended")
        case .addressRefused:
            throw Problem(403, "address_refused", "Updates are taken from Telegram's addresses only")
        case .limited(let wait): throw Problem.rateLimited(retryAfter: wait)
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
