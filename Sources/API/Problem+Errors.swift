import Auth
import Platform
import Tenancy

/// The one place where errors of the modules below become what a client sees.
extension Problem {
    /// nil for an error that no client caused and none can mend.
    init?(from error: any Error) {
        switch error {
        case let fault as UpdateHead.Fault: self = .update(fault)
        case UpdateAppender.Fault.invalidPayload: self = .update(.notJSON)
        case UpdateAppender.Fault.overloaded: self = .unavailable()
        case is AccessTokens.NoKey, is RevocationList.Outdated: self = .unavailable()
        case is Admin.LastOwner:
            self.init(409, "last_owner", "A tenant always has an owner, and this is the last one")
        case let error as PostgresError where error.isPassing: self = .unavailable()
        case is SignIn.WrongCredentials, Sessions.Refusal.passwordChanged: self = .wrongCredentials
        case let shut as SignInThrottle.Shut: self = .rateLimited(retryAfter: shut.retryAfter)
        case let refusal as PullRefusal: self = .pull(refusal)
        case is Passwords.Busy: self = .unavailable(retryAfter: Passwords.Busy.retryAfter)
        case Sessions.Refusal.notAdmin:
            self = Problem(403, "forbidden", "You are no admin there")
        case Sessions.Refusal.tenantSuspended:
            self = Problem(403, "tenant_suspended", "The tenant is suspended")
        case let error as PostgresError where error.violates("admin_once"):
            self = Problem(409, "already_admin", "This person is an admin of the tenant already")
        default:
            guard let problem = Self.consumer(error) ?? Self.job(error) ?? Self.bot(error) else {
                return nil
            }
            self = problem
        }
    }

    /// Of consumers and what they are to get.
    private static func consumer(_ error: any Error) -> Problem? {
        switch error {
        case let error as Consumer.LimitReached:
            Problem(
                403, "limit_reached", "The bot has as many consumers as it may have",
                detail: "\(error.limit)")
        case DeliveryRecord.Refusal.deadlinePassed:
            Problem(409, "deadline_passed", "The update's time is over: it is not delivered any more")
        case DeliveryRecord.Refusal.replayCancelled:
            Problem(409, "replay_cancelled", "The replay was cancelled: it sends nothing more")
        case DeliveryRecord.Refusal.notParked:
            Problem(409, "not_parked", "No lane waits for this delivery")
        default: nil
        }
    }

    /// Of jobs of consumers, of which one runs at a time.
    private static func job(_ error: any Error) -> Problem? {
        switch error {
        case let error as PostgresError where error.violates("retry_job_once"):
            Problem(
                409, "retry_running", "The consumer's dead letters are being retried already",
                detail: "GET /v1/consumers/{consumer_id}/retry-jobs shows how far it has come")
        case let error as PostgresError where error.violates("replay_once"):
            Problem(
                409, "replay_running", "A replay of the consumer is running already",
                detail: "GET /v1/consumers/{consumer_id}/replays shows how far it has come")
        default: nil
        }
    }

    /// Of bots, and of Telegram.
    private static func bot(_ error: any Error) -> Problem? {
        switch error {
        case is BotConnector.InvalidToken:
            Problem(
                422, "invalid_token", "Telegram knows no bot with this token",
                errors: [.init(pointer: "/token", code: "invalid_token", detail: "is the token of no bot")])
        case is BotConnector.AlreadyRegistered: alreadyRegistered
        case let error as PostgresError where error.violates("bot_registration_once"): alreadyRegistered
        case let error as Bot.LimitReached:
            Problem(
                403, "limit_reached", "The tenant has as many bots as it may have", detail: "\(error.limit)")
        case let error as BotImport.LimitReached:
            Problem(
                403, "limit_reached", "As many bots wait to be imported as may",
                detail: "At most \(error.limit) of a tenant; cancel an import, or wait")
        case is Tenant.Missing: .notFound
        case let conflict as WebhookConflict:
            Problem(
                409, "webhook_conflict", "The bot's webhook points elsewhere",
                detail: "It points at \(conflict.host); take_over replaces it",
                members: [("host", JSONText.quoted(conflict.host))])
        case is BotWork.Busy:
            Problem(
                409, "bot_busy", "Something else is being done with the bot", headers: ["Retry-After": "1"])
        case is Bot.TooManySecrets:
            Problem(
                409, "bot_busy", "Earlier secrets of the bot have still to reach Telegram",
                headers: ["Retry-After": "10"])
        case is BotConnector.Polls:
            Problem(409, "bot_polls", "The bot polls: it has no webhook", detail: "PATCH its mode first")
        // A bot's token that does not open is as good as none: a new one mends it.
        case is BotConnector.NotActive, is BotConnector.SealedToken: botNotActive
        case is BotConnector.NoPublicAddress:
            Problem(
                409, "no_public_address", "There is no address that a webhook could point at",
                detail: "ROOKERY_PUBLIC_URL sets it; until then bots can poll")
        case is HTTPClientError: telegramUnavailable
        case let error as BotAPIError: telegram(error)
        default: nil
        }
    }

    private static func telegram(_ error: BotAPIError) -> Problem {
        switch error.code {
        case 429:
            Problem(
                429, "telegram_rate_limited", "Telegram asks to wait",
                headers: [
                    "Retry-After": "\(max(1, Int((error.retryAfter ?? .seconds(1)).seconds.rounded(.up))))"
                ])
        case 500...: telegramUnavailable
        default:
            error.bot == nil
                ? Problem(422, "telegram_refused", "Telegram refuses", detail: error.message)
                : botNotActive
        }
    }

    private static let botNotActive = Problem(
        409, "bot_not_active", "The bot's token is of no use any more",
        detail: "PUT /v1/bots/{bot_id}/token puts a new one in")
    private static let alreadyRegistered = Problem(
        409, "bot_already_registered", "This bot is connected already")
    private static let telegramUnavailable = Problem(
        503, "telegram_unavailable", "Telegram cannot be asked right now", headers: ["Retry-After": "5"])

    private static func pull(_ refusal: PullRefusal) -> Problem {
        switch refusal {
        case .missing: .notFound
        case .notPull:
            Problem(409, "not_pull", "The consumer is not a pull consumer", detail: "It delivers by itself")
        case .paused:
            Problem(
                409, "consumer_paused", "The consumer is paused or disabled",
                detail: "POST /v1/consumers/{consumer_id}/resume lets it go on")
        case .tooManyWaiting:
            Problem(
                429, "too_many_waiting", "As many pulls wait for updates as may",
                headers: ["Retry-After": "1"])
        }
    }

    private static let wrongCredentials = Problem(
        401, "invalid_credentials", "The e-mail or the password is wrong",
        headers: ["WWW-Authenticate": "Bearer realm=\"rookery\""])

    private static func update(_ fault: UpdateHead.Fault) -> Problem {
        switch fault {
        case .notJSON: .badRequest("invalid_json", "The body is not JSON")
        case .notAnObject: .badRequest("invalid_update", "An update is a JSON object")
        case .noUpdateID: .badRequest("invalid_update", "An update has an update_id, a 64-bit integer")
        }
    }
}

extension PostgresError {
    /// Whether the same request may well succeed later.
    fileprivate var isPassing: Bool {
        switch self {
        case .unavailable, .connectionLost, .poolExhausted, .timedOut, .cancelled: true
        // Out of connections or memory, starting up or shutting down, locked, in a deadlock; or no partition for
        // today yet.
        case .server(let error):
            error.isMissingPartition
                || ["53", "57", "08", "55", "40"].contains { error.sqlState.hasPrefix($0) }
        case .decoding, .missingColumn, .unexpectedResult: false
        }
    }
}
