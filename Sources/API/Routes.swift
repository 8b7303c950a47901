import Auth
import Platform
import Tenancy

/// Every route of the public address, on one screen, and who may use it.
struct Routes {
    let health: Health
    let readiness: Readiness
    let webhook: TelegramWebhook
    let gate: Gate
    let invitationMail: InvitationMail
    let jsonWebKeys: JSONWebKeys
    let people: People
    let connector: BotConnector
    let onboarding: OnboardingPace
    let pulls: PullWaiters
    /// Where Telegram may be a stand-in, which takes any address for a webhook.
    let isDevelopment: Bool
    /// Where consumers may have their updates posted to.
    let destinations: DestinationRule
    let tester: ConsumerTester

    /// What customers and platform admins call.
    var api: [Route] {
        let tenants = PlatformTenants(mail: invitationMail, connector: connector)
        let invitations = Invitations(mail: invitationMail)
        let bots = Bots(connector: connector, isDevelopment: isDevelopment)
        let webhooks = BotWebhooks(connector: connector, isDevelopment: isDevelopment)
        let rollback = Rollback(address: connector.address)
        let pulls = Pulls(waiters: pulls, gate: gate)
        let imports = BotImports(connector: connector, pace: onboarding)
        let consumers = Consumers(destinations: destinations)
        let tests = ConsumerTests(tester: tester)
        return [
            Route(.post, "/v1/auth/login", .open, people.authentication.login),
            Route(.post, "/v1/auth/refresh", .open, people.authentication.refresh),
            Route(.post, "/v1/auth/logout", .person, people.authentication.logout),
            Route(.get, "/v1/auth/me", .signedIn, Me.show),
            Route(list: "/v1/auth/sessions", .person, OwnSessions.list),
            Route(.delete, "/v1/auth/sessions/{session_id}", .person, OwnSessions.delete),
            Route(.put, "/v1/auth/password", .person, people.password.change),
            Route(.post, "/v1/auth/telegram-link", .person, OwnTelegramLink.create),
            Route(.get, "/v1/auth/telegram-link", .person, OwnTelegramLink.show),
            Route(.delete, "/v1/auth/telegram-link", .person, OwnTelegramLink.delete),
            Route(.post, "/v1/auth/invitations/accept", .open, people.acceptance.accept),

            Route(.post, "/v1/platform/tenants", .platform, cost: 5, tenants.create),
            Route(list: "/v1/platform/tenants", .platform, tenants.list),
            Route(.get, "/v1/platform/tenants/{tenant_id}", .platform, tenants.show),
            Route(.patch, "/v1/platform/tenants/{tenant_id}", .platform, tenants.update),
            Route(.delete, "/v1/platform/tenants/{tenant_id}", .platform, tenants.delete),
            Route(.post, "/v1/platform/bots:use-polling", .platform, cost: 5, rollback.usePolling),
            Route(.post, "/v1/platform/bots:use-webhook", .platform, cost: 5, rollback.useWebhook),

            Route(.get, "/v1/tenant", .member, OwnTenant.show),
            Route(.patch, "/v1/tenant", .tenant(.manageTenant), OwnTenant.update),
            Route(list: "/v1/admins", .tenant(.manageAdmins), Admins.list),
            Route(.get, "/v1/admins/{admin_id}", .tenant(.manageAdmins), Admins.show),
            Route(.patch, "/v1/admins/{admin_id}", .tenant(.manageAdmins), Admins.update),
            Route(.delete, "/v1/admins/{admin_id}", .tenant(.manageAdmins), Admins.delete),
            Route(.post, "/v1/invitations", .tenant(.manageAdmins), cost: 5, invitations.create),
            Route(list: "/v1/invitations", .tenant(.manageAdmins), invitations.list),
            Route(.get, "/v1/invitations/{invitation_id}", .tenant(.manageAdmins), invitations.show),
            Route(.delete, "/v1/invitations/{invitation_id}", .tenant(.manageAdmins), invitations.delete),
            Route(list: "/v1/roles", .member, Roles.list),
            Route(.post, "/v1/api-keys", .tenant(.manageAPIKeys), APIKeys.create),
            Route(list: "/v1/api-keys", .tenant(.manageAPIKeys), APIKeys.list),
            Route(.get, "/v1/api-keys/{key_id}", .tenant(.manageAPIKeys), APIKeys.show),
            Route(.delete, "/v1/api-keys/{key_id}", .tenant(.manageAPIKeys), APIKeys.delete),

            Route(list: "/v1/audit-events", .tenant(.viewAuditLog), exportCost: 20, AuditEvents.list),
            Route(list: "/v1/platform/audit-events", .platform, exportCost: 20, AuditEvents.listPlatform),

            Route(.post, "/v1/bots", .tenant(.manageBots), cost: 5, bots.create),
            Route(list: "/v1/bots", .tenant(.viewBots), bots.list),
            Route(.get, "/v1/bots/{bot_id}", .tenant(.viewBots), bots.show),
            Route(.patch, "/v1/bots/{bot_id}", .tenant(.manageBots), bots.update),
            Route(.delete, "/v1/bots/{bot_id}", .tenant(.manageBots), bots.delete),
            Route(.get, "/v1/bots/{bot_id}/webhook", .tenant(.viewBots), webhooks.show),
            Route(.put, "/v1/bots/{bot_id}/webhook", .tenant(.manageBots), webhooks.put),
            Route(.delete, "/v1/bots/{bot_id}/webhook", .tenant(.manageBots), webhooks.delete),
            Route(.post, "/v1/bots/{bot_id}/webhook/refresh", .tenant(.manageBots), webhooks.refresh),
            Route(
                .post, "/v1/bots/{bot_id}/webhook/rotate-secret", .tenant(.manageBots), webhooks.rotateSecret),
            Route(.put, "/v1/bots/{bot_id}/token", .tenant(.manageBots), webhooks.putToken),
            Route(.get, "/v1/bots/{bot_id}/health", .tenant(.viewBots), BotsHealth.show),
            Route(list: "/v1/health/webhooks", .tenantOrAll(.viewBots), BotsHealth.list),
            Route(.post, "/v1/bot-imports", .tenant(.manageBots), cost: 20, imports.create),
            Route(list: "/v1/bot-imports", .tenant(.viewBots), imports.list),
            Route(.get, "/v1/bot-imports/{import_id}", .tenant(.viewBots), imports.show),
            Route(.delete, "/v1/bot-imports/{import_id}", .tenant(.manageBots), imports.cancel),
            Route(list: "/v1/bot-imports/{import_id}/items", .tenant(.viewBots), imports.items),
            Route(list: "/v1/bots/{bot_id}/updates", .tenant(.viewUpdates), Updates.list),
            Route(.get, "/v1/bots/{bot_id}/updates/{update_id}", .tenant(.viewUpdates), Updates.show),
            Route(list: "/v1/bots/{bot_id}/consumers", .tenant(.viewBots), consumers.list),
            Route(.post, "/v1/bots/{bot_id}/consumers", .tenant(.manageConsumers), consumers.create),
            Route(.get, "/v1/consumers/{consumer_id}", .tenant(.viewBots), consumers.show),
            Route(.patch, "/v1/consumers/{consumer_id}", .tenant(.manageConsumers), consumers.update),
            Route(.delete, "/v1/consumers/{consumer_id}", .tenant(.manageConsumers), consumers.delete),
            Route(
                .post, "/v1/consumers/{consumer_id}/rotate-secret", .tenant(.manageConsumers),
                ConsumerControl.rotateSecret),
            Route(
                .post, "/v1/consumers/{consumer_id}/pause", .tenant(.manageConsumers), ConsumerControl.pause),
            Route(
                .post, "/v1/consumers/{consumer_id}/resume", .tenant(.manageConsumers), ConsumerControl.resume
            ),
            Route(.post, "/v1/consumers/{consumer_id}/test", .tenant(.manageConsumers), cost: 5, tests.send),
            Route(
                list: "/v1/consumers/{consumer_id}/deliveries", .tenant(.viewUpdates), DeliveryRecords.list),
            Route(
                list: "/v1/consumers/{consumer_id}/attempts", .tenant(.viewUpdates), DeliveryRecords.attempts),
            Route(.get, "/v1/deliveries/{delivery_id}", .tenant(.viewUpdates), DeliveryRecords.show),
            Route(
                .post, "/v1/deliveries/{delivery_id}/retry", .tenant(.manageConsumers), DeliveryRecords.retry),
            Route(
                .post, "/v1/deliveries/{delivery_id}/skip", .tenant(.manageConsumers), DeliveryRecords.skip),
            Route(
                .post, "/v1/consumers/{consumer_id}/retry-dead", .tenant(.manageConsumers), cost: 5,
                ConsumerRetries.create),
            Route(list: "/v1/consumers/{consumer_id}/retry-jobs", .tenant(.viewBots), ConsumerRetries.list),
            Route(.get, "/v1/retry-jobs/{retry_id}", .tenant(.viewBots), ConsumerRetries.show),
            Route(.delete, "/v1/retry-jobs/{retry_id}", .tenant(.manageConsumers), ConsumerRetries.cancel),
            Route(
                .post, "/v1/consumers/{consumer_id}/replay", .tenant(.manageConsumers), cost: 5,
                ConsumerReplays.create),
            Route(list: "/v1/consumers/{consumer_id}/replays", .tenant(.viewBots), ConsumerReplays.list),
            Route(.get, "/v1/replays/{replay_id}", .tenant(.viewBots), ConsumerReplays.show),
            Route(.delete, "/v1/replays/{replay_id}", .tenant(.manageConsumers), ConsumerReplays.cancel),
            Route(list: "/v1/consumers/{consumer_id}/gaps", .tenant(.viewBots), ConsumerGaps.list),
            Route(.post, "/v1/consumers/{consumer_id}/pull", .tenant(.manageConsumers), pulls.pull),
            Route(.post, "/v1/consumers/{consumer_id}/ack", .tenant(.manageConsumers), pulls.acknowledge),
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
                HTTPRoute(.get, "/.well-known/jwks.json", jsonWebKeys.show),
                HTTPRoute(.get, "/invitations/{token}", InvitationPage().show),
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
