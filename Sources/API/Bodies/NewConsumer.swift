import Platform
import Tenancy

/// What `POST /v1/bots/{bot_id}/consumers` takes.
struct NewConsumer {
    /// Of a consumer's own types only: a replay is made otherwise.
    enum Kind: String, CaseIterable { case push, pull }

    let new: Consumer.New

    /// Fields of the other type are none that can be set.
    init?(_ body: inout RequestBody, destinations: DestinationRule) {
        let kind = body.required("type", Field<Kind>.choice)
        let name = body.optional("name", .text(1...200))
        var new = Consumer.New(kind == .pull ? .pull : .push, name: name ?? "Pull")
        if let start = body.optional("start", Field<Consumer.New.Start>.choice) { new.start = start }
        new.kinds = body.optional("kinds", .consumerKinds)
        if let ordering = body.optional("ordering", Field<Consumer.Ordering>.choice) {
            new.ordering = ordering
        }
        // With a wrong type nobody can say which of the others are wrong.
        if kind != .pull { new.readPush(&body, destinations, isSure: kind == .push) }
        if kind != .push, let visibility = body.optional("visibility_ms", .visibility) {
            new.visibility = visibility
        }
        guard kind != nil, kind == .pull || new.url != nil else { return nil }
        if name == nil, let url = new.url, let host = try? Origin(of: url).host {
            new.name = String(host.prefix(200))
        }
        self.new = new
    }
}

extension Consumer.New {
    /// - Parameter isSure: whether it is known to be one that pushes.
    fileprivate mutating func readPush(
        _ body: inout RequestBody, _ destinations: DestinationRule, isSure: Bool
    ) {
        url = isSure ? body.required("url", destinations.field) : body.optional("url", destinations.field)
        signingSecret = body.signingSecret()
        telegramSecret = body.optional("telegram_secret_token", .webhookSecret)
        if let concurrency = body.optional("concurrency", .integer(1...200)) {
            self.concurrency = concurrency
        }
        if let timeout = body.optional("timeout_ms", .timeout) { self.timeout = timeout }
        if let retry = body.optional(object: "retry", RetryChange.init) {
            if let schedule = retry.schedule { self.schedule = schedule }
            if let onDead = retry.onDead { self.onDead = onDead }
        }
        disableAfter = body.removable("disable_after_ms", .disableAfter).applied(to: disableAfter)
    }
}

/// Which signatures a secret that is made is for (Standard Webhooks).
enum Signing: String, CaseIterable {
    case v1, v1a

    func makeSecret() -> String { self == .v1 ? WebhookKey.makeShared() : WebhookKey.makeSigning() }
}

/// `retry`, where each part may be left out.
struct RetryChange {
    let schedule: [Duration]?
    let onDead: Consumer.OnDead?

    init?(_ body: inout RequestBody) {
        schedule = body.patch("schedule_ms", .list(of: .duration(0...86_400_000), 1...30))
        onDead = body.patch("on_dead", Field<Consumer.OnDead>.choice)
    }
}

extension RequestBody {
    /// The secret that `secret` gives, or one that is made for `signing`.
    /// - Returns: nil when either is wrong, which is noted.
    mutating func signingSecret() -> String? {
        let given = optional("secret", .signingSecret)
        let signing = optional("signing", Field<Signing>.choice)
        if given != nil, signing != nil {
            fail("signing", "invalid", "says which secret is made, and one is given")
        }
        return given ?? (signing ?? .v1).makeSecret()
    }
}

extension Consumer.Ordering: CaseIterable { package static let allCases = [lane, none] }
extension Consumer.OnDead: CaseIterable { package static let allCases = [skip, park] }

extension Field where Value == String {
    /// The text of a key that signs (Standard Webhooks).
    static var signingSecret: Field {
        Field(expected: "whsec_ and base64 of 24 to 64 bytes, or whsk_ and base64 of an Ed25519 key pair") {
            guard case .string(let text) = $0, let key = WebhookKey(text), key.signs else { return nil }
            return text
        }
    }
}

extension WebhookKey {
    fileprivate var signs: Bool { if case .verifying = self { false } else { true } }
}

extension Field where Value == [String] {
    /// Names of kinds of updates. Each counts once.
    static var consumerKinds: Field {
        let kinds = list(of: .updateKind, 1...64)
        return Field(expected: kinds.expected) { value in
            kinds.parse(value).map { names in
                var known: Set<String> = []
                return names.filter { known.insert($0).inserted }
            }
        }
    }
}

extension Field where Value == Duration {
    static var timeout: Field { duration(100...60_000) }
    static var visibility: Field { duration(1000...43_200_000) }
    static var disableAfter: Field { duration(60_000...2_592_000_000) }

    /// In whole milliseconds.
    static func duration(_ range: ClosedRange<Int>) -> Field {
        let number = Field<Int>.integer(range)
        return Field(expected: number.expected) { number.parse($0).map { .milliseconds($0) } }
    }
}
