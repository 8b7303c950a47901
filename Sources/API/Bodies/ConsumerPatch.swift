import Platform
import Tenancy

/// What `PATCH /v1/consumers/{consumer_id}` takes.
struct ConsumerPatch {
    private(set) var telegramSecret = Patch<String>.unchanged
    private let name: String?
    private let kinds: Patch<[String]>
    private let ordering: Consumer.Ordering?
    private var url: String?
    private var concurrency: Int?
    private var timeout: Duration?
    private var retry: RetryChange?
    private var disableAfter = Patch<Duration>.unchanged
    private var visibility: Duration?

    /// Fields of the other type are none that can be set.
    /// - Parameter kind: nil when it is not known: then those of either can.
    init?(_ body: inout RequestBody, of kind: Consumer.Kind?, destinations: DestinationRule) {
        name = body.patch("name", .text(1...200))
        kinds = body.removable("kinds", .consumerKinds)
        ordering = body.patch("ordering", Field<Consumer.Ordering>.choice)
        if kind == nil || kind == .pull { visibility = body.patch("visibility_ms", .visibility) }
        guard kind != .pull else { return }
        url = body.patch("url", destinations.field)
        telegramSecret = body.removable("telegram_secret_token", .webhookSecret)
        concurrency = body.patch("concurrency", .integer(1...200))
        timeout = body.patch("timeout_ms", .timeout)
        retry = body.object("retry", RetryChange.init)
        disableAfter = body.removable("disable_after_ms", .disableAfter)
    }

    func applied(to consumer: Consumer) -> Consumer {
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
}
