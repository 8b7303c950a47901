import Platform

/// What the reconciler counts.
struct ReconcilerMetrics: Sendable {
    private let results: [Webhook.State: Counter]
    let skipped: Counter
    let ended: Counter
    let unavailable: Counter
    let failed: Counter
    private let states: [Webhook.State: Gauge]
    private let delay: Gauge

    init(_ metrics: Metrics) {
        func counter(_ result: String) -> Counter {
            metrics.counter(
                "rookery_webhook_checks_total", "Looks at bots' webhooks by what they came to.",
                [("result", result)])
        }
        results = Dictionary(
            uniqueKeysWithValues: Webhook.State.allCases.map { ($0, counter($0.rawValue)) })
        skipped = counter("skipped")
        ended = counter("ended")
        unavailable = counter("unavailable")
        failed = counter("error")
        states = Dictionary(
            uniqueKeysWithValues: Webhook.State.allCases.map { state in
                let gauge = metrics.gauge(
                    "rookery_webhooks",
                    "Active bots by the state of their webhooks; on the node that checks.",
                    [("state", state.rawValue)])
                return (state, gauge)
            })
        delay = metrics.gauge(
            "rookery_webhook_check_delay_seconds", "How far the check that waits the longest is overdue.")
    }

    func checked(_ state: Webhook.State) { results[state]?.increment() }

    func show(_ survey: BotSurvey) {
        for (state, gauge) in states { gauge.set(survey.counts[state] ?? 0) }
        delay.set(Int(survey.delay))
    }
}

/// How many active bots there are, and how they are.
struct BotSurvey: Sendable {
    private(set) var counts: [Webhook.State: Int] = [:]
    /// In seconds.
    private(set) var delay = 0.0

    var total: Int { counts.values.reduce(0, +) }

    private struct Line: RowDecodable {
        let state: Webhook.State
        let count: Int64
        let delay: Double
        init(row: inout Row) throws {
            state = try row.next()
            count = try row.next()
            delay = try row.next()
        }
    }

    static func take(in tx: PlatformTransaction) async throws -> BotSurvey {
        let lines = try await tx.all(
            """
            SELECT w.state, count(*), greatest(0, extract(epoch FROM
                clock_timestamp() - min(w.next_check_at)))::float8
            FROM bot_webhook AS w JOIN bot AS b ON b.tenant_id = w.tenant_id AND b.id = w.bot_id
            WHERE b.status = 'active' GROUP BY w.state
            """, as: Line.self)
        var survey = BotSurvey()
        for line in lines {
            survey.counts[line.state] = Int(line.count)
            survey.delay = max(survey.delay, line.delay)
        }
        return survey
    }
}
