import Platform
import Tenancy

/// What `POST /v1/bots` takes.
struct NewBot {
    let token: String
    let name: String?
    let mode: Bot.Mode
    let webhook: WebhookBody
    let isAutoRefreshed: Bool
    let takesOver: Bool
    let takesAdminCommands: Bool

    /// - Parameter urls: what a URL of its owner's own may be.
    init?(_ body: inout RequestBody, urls: Field<String>) {
        let token = body.required("token", .secret(upTo: 256))
        name = body.optional("name", .text(1...200))
        let mode = body.required("mode", Field<Bot.Mode>.choice)
        webhook = body.optional(object: "webhook") { WebhookBody(&$0, urls: urls) } ?? WebhookBody()
        isAutoRefreshed = body.optional("auto_refresh", .boolean) ?? true
        takesOver = body.optional("take_over", .boolean) ?? false
        takesAdminCommands = body.optional("admin_commands", .boolean) ?? false
        guard let token, let mode else { return nil }
        self.token = token
        self.mode = mode
    }

    func applied(to examined: BotConnector.Examined) -> Bot.New {
        var new = examined.bot(name: name, mode: mode)
        new.webhook = webhook.wish
        new.isAutoRefreshed = isAutoRefreshed
        new.takesOver = takesOver
        new.takesAdminCommands = takesAdminCommands
        return new
    }

    func secrets(_ token: BotToken) -> Bot.NewSecrets {
        webhook.secret.map { Bot.NewSecrets(token: token.secret, webhookSecret: $0) }
            ?? Bot.NewSecrets(token: token.secret)
    }
}

/// A webhook's settings (Bot API, setWebhook).
struct WebhookBody {
    var wish = WebhookWish()
    var secret: String?
    var dropsPending = false

    init() {}

    init?(_ body: inout RequestBody, urls: Field<String>) {
        wish.maxConnections = body.optional("max_connections", .integer(1...100))
        wish.allowedUpdates = body.optional("allowed_updates", .updateKinds)
        wish.url = body.optional("url", urls)
        secret = body.optional("secret_token", .webhookSecret)
        dropsPending = body.optional("drop_pending_updates", .boolean) ?? false
    }
}

extension BotToken {
    /// - Throws: `Problem` 422 for a webhook's URL that holds the token: it is shown, and noted, elsewhere.
    func requireIsNotPart(of url: String, pointer: String) throws {
        let secret = secret.split(separator: ":").last.map(String.init) ?? secret
        guard !url.contains(secret), PercentEncoding.decode(url.utf8)?.contains(secret) != true else {
            throw Problem.invalidField(pointer, "invalid", "the webhook's URL must not contain the token")
        }
    }
}

extension Field where Value == String {
    static var webhookSecret: Field {
        Field(expected: "text of 1 to 256 of A-Z, a-z, 0-9, _ and -") {
            guard case .string(let text) = $0, (1...256).contains(text.utf8.count),
                text.utf8.allSatisfy(\.isWebhookSecret)
            else { return nil }
            return text
        }
    }

    static var updateKind: Field {
        text(1...64).which("the name of a kind of update, such as message") {
            $0.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0 == UInt8(ascii: "_")
            }
        }
    }

    /// Where a webhook may point. Telegram knows https and four ports; its stand-in, in development, all of them.
    static func webhookURL(isDevelopment: Bool) -> Field {
        let ports = [":443", ":80", ":88", ":8443"]
        return text(1...2048).which(
            isDevelopment ? "an http or https URL" : "an https URL with port 443, 80, 88 or 8443"
        ) { url in
            guard let origin = try? Origin(of: url) else { return false }
            return isDevelopment
                || origin.text.hasPrefix("https://") && ports.contains { origin.text.hasSuffix($0) }
        }
    }
}

extension Field where Value == [String] {
    /// Names of kinds of updates; Telegram ignores those it does not know.
    static var updateKinds: Field { .list(of: .updateKind, 0...100) }
}

extension UInt8 {
    fileprivate var isWebhookSecret: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
