import Platform

/// How a bot's webhook has fared.
struct WebhookHealth {
    private(set) var lastErrorAt: Timestamp?
    private(set) var lastErrorMessage: String?
    private(set) var attempts = 0
    private(set) var deliveries = 0
    /// Updates whose next try would have come after their expiry.
    private(set) var dropped = 0
    private var lastSuccessAt: Timestamp?
    private var goneSince: Timestamp?

    private static let success = Duration.seconds(10)
    private static let goneLimit = Duration.seconds(23 * 3600)

    /// How many updates may be in flight: one until the first success, and again after ten seconds without
    /// one.
    func connections(of settings: SandboxWebhook, at now: Timestamp) -> Int {
        guard let lastSuccessAt, now - lastSuccessAt <= Self.success else { return 1 }
        return settings.maxConnections
    }

    /// Whether nothing but 410 Gone has come back for 23 hours: Telegram then deletes the webhook.
    func isGone(at now: Timestamp) -> Bool {
        goneSince.map { now - $0 > Self.goneLimit } ?? false
    }

    mutating func sent() { attempts += 1 }

    mutating func succeeded(at now: Timestamp) {
        deliveries += 1
        lastSuccessAt = now
        goneSince = nil
    }

    /// - Parameter status: nil when no answer came.
    mutating func failed(_ message: String, status: Int?, at now: Timestamp) {
        lastErrorAt = now
        lastErrorMessage = message
        if status == 410 { goneSince = goneSince ?? now } else if status != nil { goneSince = nil }
    }

    mutating func droppedUpdate() { dropped += 1 }

    /// A new webhook begins without errors and with one connection; the counts go on.
    mutating func begin() {
        lastErrorAt = nil
        lastErrorMessage = nil
        lastSuccessAt = nil
        goneSince = nil
    }
}
