import Platform

/// Every route of the public address, on one screen, and who may use it.
struct Routes {
    let health: Health
    let readiness: Readiness
    let webhook: TelegramWebhook
    let gate: Gate

    /// What customers and platform admins call.
    var api: [Route] {
        [
            Route(.get, "/v1/roles", .member, Roles.list)
        ]
    }

    /// What has no callers to tell apart: Telegram, load balancers, monitoring.
    private var infrastructure: [HTTPRoute] {
        get throws {
            let description = try OpenAPIDescription()
            let documentation = try Documentation()
            return [
                HTTPRoute(.get, "/health", health.show),
                HTTPRoute(.get, "/ready", readiness.show),
                HTTPRoute(.get, "/openapi.yaml", description.show),
                HTTPRoute(.get, "/docs", documentation.show),
                HTTPRoute(
                    .post, "/telegram/webhook/{bot_id}", checkHead: webhook.checkHead, webhook.receive),
            ]
        }
    }

    var all: [HTTPRoute] {
        get throws { try infrastructure + api.map(gate.handler) }
    }
}

/// The routes of the admin address, which is not for the public.
struct AdminRoutes {
    let metrics: MetricsPage

    var all: [HTTPRoute] { [HTTPRoute(.get, "/metrics", metrics.show)] }
}
