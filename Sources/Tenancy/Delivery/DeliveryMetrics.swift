import Platform

/// What delivery counts.
struct DeliveryMetrics: Sendable {
    let delivered: Counter
    let failed: Counter
    let dead: Counter
    let expired: Counter
    let attemptSeconds: Histogram
    let ageSeconds: Histogram

    init(_ metrics: Metrics) {
        delivered = metrics.counter(
            "rookery_deliveries_total", "Attempts by outcome.", [("outcome", "delivered")])
        failed = metrics.counter("rookery_deliveries_total", "Attempts by outcome.", [("outcome", "failed")])
        dead = metrics.counter("rookery_dead_letters_total", "Updates that used up their attempts.")
        expired = metrics.counter("rookery_expired_total", "Updates whose deadline passed undelivered.")
        attemptSeconds = metrics.histogram(
            "rookery_delivery_attempt_seconds", "How long endpoints took to answer.")
        ageSeconds = metrics.histogram("rookery_delivery_age_seconds", "From logged to delivered.")
    }

    /// - Parameter age: since the update was logged; nil for a replay, which says nothing about it.
    func observe(_ attempt: DeliveryAttempt, age: Duration?) {
        attemptSeconds.observe(attempt.duration)
        (attempt.isSuccess ? delivered : failed).increment()
        if attempt.isSuccess, let age { ageSeconds.observe(age) }
    }
}
