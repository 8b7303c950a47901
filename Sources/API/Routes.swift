import Platform

/// Every route of the public address, on one screen.
struct Routes {
    let health: Health
    let readiness: Readiness
    let webhook: TelegramWebhook

    var all: [HTTPRoute] {
        get throws {
            let description = try OpenAPIDescription()
            return [
                HTTPRoute(.get, "/health", health.show),
                HTTPRoute(.get, "/ready", readiness.show),
                HTTPRoute(.get, "/openapi.yaml", description.show),
                HTTPRoute(
                    .post, "/telegram/webhook/{bot_id}", checkHead: webhook.checkHead, webhook.receive),
            ]
        }
    }
}

/// The routes of the admin address, which is not for the public.
struct AdminRoutes {
    let metrics: MetricsPage

    var all: [HTTPRoute] { [HTTPRoute(.get, "/metrics", metrics.show)] }
}
