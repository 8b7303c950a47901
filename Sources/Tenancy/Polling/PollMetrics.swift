import Platform

/// What the pollers count.
struct PollMetrics: Sendable {
    let brought: Counter
    let empty: Counter
    let conflicts: Counter
    let limited: Counter
    let failed: Counter
    let updates: Counter

    init(_ metrics: Metrics) {
        func polls(_ result: String) -> Counter {
            metrics.counter(
                "rookery_polls_total", "Ended getUpdates calls, by what they brought.", [("result", result)])
        }
        brought = polls("updates")
        empty = polls("empty")
        conflicts = polls("conflict")
        limited = polls("limited")
        failed = polls("failed")
        updates = metrics.counter("rookery_polled_updates_total", "Updates that getUpdates brought.")
    }
}
