import Platform
import Tenancy

/// How a node reaches Telegram: by clients of their own for each purpose, so that none waits for another's connections,
/// which share what Telegram has said about waiting.
struct TelegramClients: Sendable {
    /// For what people, jobs and bots ask of Telegram; one an event loop.
    let calls: [BotAPIClient]
    /// For what consumers' answers make bots do, one an event loop: strangers say how much that is.
    let replies: [BotAPIClient]
    /// For polls, one an event loop: a poll is a request for most of the time, and there may be one for each bot.
    let polls: [BotAPIClient]
    /// For checks, on the first loop: many at once, which keep nobody's request waiting.
    let checks: BotAPIClient
    /// Asks addresses of webhooks, on the first loop: our own, and, guarded, those that tenants chose.
    let probe: WebhookProbe
    /// For what is not Telegram and is the operator's own, on the first loop.
    let first: HTTPClient
    private let open: [(loop: EventLoop, client: HTTPClient)]

    init(settings: Settings, runtime: Runtime) async throws {
        let holds = BotHolds()
        var open: [(loop: EventLoop, client: HTTPClient)] = []
        // The operator says where Telegram is; nobody else does.
        func client(
            on loop: EventLoop, allowsPrivate: Bool = true, limits: HTTPClientLimits = HTTPClientLimits()
        ) async throws -> HTTPClient {
            let client = try await loop.run {
                try HTTPClient(
                    loop: loop, addressGuard: AddressGuard(allowsPrivate: allowsPrivate),
                    userAgent: "Rookery/\(CommandLineFront.version)", limits: limits)
            }
            open.append((loop, client))
            return client
        }
        func telegram(_ client: HTTPClient) -> BotAPIClient {
            BotAPIClient(client: client, baseURL: settings.telegramAPIURL, holds: holds)
        }
        let loop = runtime.loops[0]
        let first = try await client(on: loop)
        var calls = [telegram(first)]
        for loop in runtime.loops.dropFirst() { calls.append(telegram(try await client(on: loop))) }
        var replies: [BotAPIClient] = []
        for loop in runtime.loops { replies.append(telegram(try await client(on: loop, limits: .replies))) }
        var polls: [BotAPIClient] = []
        for loop in runtime.loops { polls.append(telegram(try await client(on: loop, limits: .polls))) }
        self.first = first
        self.calls = calls
        self.replies = replies
        self.polls = polls
        checks = telegram(try await client(on: loop, limits: .checks))
        probe = WebhookProbe(
            own: first, custom: try await client(on: loop, allowsPrivate: settings.allowsPrivateDestinations))
        self.open = open
    }

    /// Ends every call that is under way.
    func close() async {
        for (loop, client) in open { _ = try? await loop.run { client.close() } }
    }
}

extension HTTPClientLimits {
    /// Each poll has a connection of its own where Telegram, or what stands in for it, has no HTTP/2. All are kept.
    fileprivate static var polls: HTTPClientLimits {
        var limits = HTTPClientLimits(
            concurrent: 32_768, concurrentPerOrigin: 32_768, queued: 32_768, idleConnections: 32_768)
        limits.readBuffer = 2048
        limits.sharesConnections = true
        return limits
    }

    /// What is above waits.
    fileprivate static var replies: HTTPClientLimits {
        var limits = HTTPClientLimits(concurrent: 64, concurrentPerOrigin: 64, idleConnections: 16)
        limits.readBuffer = 4096
        limits.sharesConnections = true
        return limits
    }

    /// All checks that may be under way go to one server.
    fileprivate static var checks: HTTPClientLimits {
        var limits = HTTPClientLimits(
            concurrentPerOrigin: Reconciler.mostAtOnce, idleConnections: Reconciler.mostAtOnce)
        limits.readBuffer = 4096
        limits.sharesConnections = true
        return limits
    }
}
