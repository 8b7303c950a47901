import Platform
import Tenancy

/// The demo tenant's bot and consumer: made at the first start, found again at later ones; each start sends one message through all
/// of it.
struct DevDemo: Sendable {
    /// When the message passed each station.
    struct Trace: Sendable {
        let receivedAt: Timestamp
        let committedAt: Timestamp
        let deliveredAt: Timestamp
        let answeredAt: Timestamp
    }

    static let user: Int64 = 1001

    let bot: Bot
    let secrets: Bot.NewSecrets
    let consumer: Consumer
    /// What the consumer's deliveries are signed with.
    let signingSecret: String
    let receiver: DevReceiver
    let result: Result<Trace, NoAnswer>

    var trace: Trace? { try? result.get() }

    /// The message did not come through: the bot may be its owner's by now, and set up otherwise.
    struct NoAnswer: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }

    /// - Returns: nil without a sandbox: then there is no bot to play with.
    static func run(
        app: App, tenant: Tenant, settings: Settings, parts: DevParts, runtime: Runtime
    ) async throws -> DevDemo? {
        guard let sandbox = parts.sandbox else { return nil }
        let maker = try await DevDemoMaker(settings: settings, sandbox: sandbox, runtime: runtime)
        // On the loop: HTTP client and pools belong to it.
        return try await withTaskExecutorPreference(runtime.loops[0]) {
            try await maker.make(app: app, for: tenant)
        }
    }
}
