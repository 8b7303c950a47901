/// What the server counts; the same series for every loop.
struct HTTPMetrics: Sendable {
    let connections: Gauge
    let active: Gauge
    let seconds: Histogram
    private let requests: [Counter]
    private let refused: [HTTPRefusal.Reason: Counter]

    init(_ metrics: Metrics) {
        connections = metrics.gauge("rookery_http_connections", "Open connections")
        active = metrics.gauge("rookery_http_active_requests", "Requests being handled")
        seconds = metrics.histogram("rookery_http_request_seconds", "From the request line to the answer")
        requests = (1...5).map {
            metrics.counter("rookery_http_requests_total", "Answered requests", [("status", "\($0)xx")])
        }
        refused = Dictionary(
            uniqueKeysWithValues: HTTPRefusal.Reason.allCases.map {
                (
                    $0,
                    metrics.counter(
                        "rookery_http_refused_total", "Requests and connections refused",
                        [("reason", $0.rawValue)])
                )
            })
    }

    func answered(_ status: Int, after duration: Duration) {
        requests[min(max(status / 100, 1), 5) - 1].increment()
        seconds.observe(duration)
    }

    func refused(_ reason: HTTPRefusal.Reason) { refused[reason]?.increment() }
}
