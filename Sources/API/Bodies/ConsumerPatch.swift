import Platform
import Tenancy

/// What `PATCH /v1/consumers/{consumer_id}` takes.
struct ConsumerPatch {
    let telegramSecret: Patch<String>
    private let name: String?
    private let kinds: Patch<[String]>
    private let ordering: Consumer.Ordering?
    private let url: String?
    private let concurrency: Int?
    private let timeout: Duration?
    private let retry: RetryChange?
    private let disableAfter: Patch<Duration>
    private let visibility: Duration?

    init?(_ body: inout RequestBody, destinations: DestinationRule) {
        name = body.patch("name", .text(1...200))
        kinds = body.removable("kinds", .consumerKinds)
        ordering = body.patch("ordering", Field<Consumer.Ordering>.choice)
        url = body.patch("url", destinations.field)
        telegramSecret = body.removable("telegram_secret_token", .webhookSecret)
        concurrency = body.patch("concurrency", .integer(1...200))
        timeout = body.patch("timeout_ms", .timeout)
        retry = body.object("retry", RetryChange.init)
        disableAfter = body.removable("disable_after_ms", .disableAfter)
        visibility = body.patch("visibility_ms", .visibility)
    }

    /// - Throws: `Problem` 422 for fields of the other type.
    func applied(to consumer: Consumer) throws -> Consumer {
        let foreign = consumer.kind == .pull ? pushFields : pullFields
        guard foreign.isEmpty else {
            throw Problem.invalidFields(
                foreign.map {
                    .init(
                        pointer: "/\($0)", code: "unknown",
                        detail: "is not a field of a \(consumer.kind.rawValue) consumer")
                })
        }
        var new = consumer
        if let name { new.name = name }
        new.kinds = kinds.applied(to: consumer.kinds)
        if let ordering { new.ordering = ordering }
        if let url { new.url = url }
        if let concurrency { new.concurrency = concurrency }
        if let timeout { new.timeout = timeout }
        if let schedule = retry?.schedule { new.schedule = schedule }
        if let onDead = retry?.onDead { new.onDead = onDead }
        new.disableAfter = disableAfter.applied(to: consumer.disableAfter)
        if let visibility { new.visibility = visibility }
        return new
    }

    private var pushFields: [String] {
        let named = [
            ("url", url != nil), ("telegram_secret_token", telegramSecret.isNamed),
            ("concurrency", concurrency != nil), ("timeout_ms", timeout != nil), ("retry", retry != nil),
            ("disable_after_ms", disableAfter.isNamed),
        ]
        return named.filter(\.1).map(\.0)
    }

    private var pullFields: [String] { visibility == nil ? [] : ["visibility_ms"] }
}

extension Patch {
    fileprivate var isNamed: Bool { if case .unchanged = self { false } else { true } }
}
