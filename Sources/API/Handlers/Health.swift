import Platform

/// `GET /health`: is the process alive? Never touches the database.
struct Health: Sendable {
    private let started = ContinuousClock.now
    private let loops: Int
    private let active: Gauge

    init(loops: Int, metrics: Metrics) {
        self.loops = loops
        active = metrics.gauge("rookery_http_active_requests", "Requests being handled")
    }

    @Sendable func show(_ request: HTTPRequest) async throws -> HTTPResponse {
        var body = JSONText()
        body.field("status", "ok")
        body.field("version", CommandLineFront.version)
        body.field("uptime_seconds", literal: "\((ContinuousClock.now - started).components.seconds)")
        body.field("active_requests", literal: "\(active.value)")
        body.field("loops", literal: "\(loops)")
        return .json(200, Array(body.finished.utf8))
    }
}
