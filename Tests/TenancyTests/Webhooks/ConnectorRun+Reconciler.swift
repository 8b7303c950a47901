import Platform
import TestSupport
import Testing

@testable import Sandbox
@testable import Tenancy

extension ConnectorRun {
    /// A look as the reconciler has, now.
    func look(at bot: Bot, patience: Duration = .seconds(120)) async throws {
        try await fixture.database.write(bot.tenant) { tx in try await Webhook.expedite(bot.id, in: tx) }
        let secrets = fixture.bots
        let works = try await fixture.database.job { tx in
            try await BotWork.claimDue(100, checkedBefore: .now, box: secrets, in: tx)
        }
        let work = try #require(works.first { $0.bot.id == bot.id })
        let waits = CheckWaits(interval: .seconds(300), patience: patience)
        let outcome = try await connector.reconcile(work, waits: waits, probe: probe)
        let result: CheckResult? =
            switch outcome {
            case .unchanged(let result), .skipped(let result): result
            case .changed, .ended: nil
            }
        guard let result else { return }
        try await fixture.database.job { tx in try await CheckResult.save([result], in: tx) }
    }

    private var probe: WebhookProbe { WebhookProbe(own: client, custom: client) }

    /// Runs some reconcilers while `body` does.
    func whileReconciling(_ count: Int, _ body: () async throws -> Void) async throws {
        let running = (0..<count).map { _ in
            let reconciler = Reconciler(
                connector: connector, probe: probe, patience: .seconds(120), metrics: Metrics(),
                logger: fixture.logger)
            // Its end is awaited below.
            return Task(executorPreference: fixture.loop) { await reconciler.run() }
        }
        do {
            try await body()
        } catch {
            for task in running { task.cancel() }
            throw error
        }
        for task in running { task.cancel() }
        for task in running { await task.value }
    }

    func standing(of bot: Bot) async throws -> (bot: Bot, webhook: Webhook) {
        try await fixture.database.read(bot.tenant) { tx in
            let found = try await (Bot.find(bot.id, in: tx), Webhook.find(bot.id, in: tx))
            return (try #require(found.0), try #require(found.1))
        }
    }

    /// The Bot API's methods called with success so far.
    func methods(of bot: Bot) async throws -> [String] {
        try await telegram.sandbox.calls(of: bot.telegramID).filter { $0.status == 200 }.map(\.method)
    }

    /// As somebody else who has the token does.
    func deleteWebhook(of bot: Bot) async throws {
        let token = try await telegram.sandbox.profile(of: bot.telegramID).token
        _ = await telegram.sandbox.call("deleteWebhook", token: token, CallParameters())
    }

    func change(_ bot: Bot, _ assignment: String) async throws {
        let assignment = SQL(trusted: assignment)
        _ = try await fixture.superuser.withConnection { connection in
            try await connection.execute("UPDATE bot SET \(assignment) WHERE id = \(bot.id)")
        }
    }

    /// Has Telegram answer calls of the method so.
    func fail(_ method: String, of bot: Bot, status: Int = 502, times: Int? = nil) async throws {
        let refusal = BotAPIRefusal(status: status, description: "Not now")
        _ = try await telegram.sandbox.setFault(
            SandboxFault(method: method.lowercased(), kind: .error(refusal), remaining: times),
            of: bot.telegramID)
    }

    /// Has Telegram fail to deliver an update.
    func failDelivery(to bot: Bot) async throws {
        _ = try await telegram.sandbox.write("hello", to: bot.telegramID)
        try await fixture.eventually("an error at Telegram", within: .seconds(30)) {
            let info = try await telegram.sandbox.state(of: bot.telegramID)["webhook"]
            return info?["last_error_date"]?.integerValue != nil
        }
    }

    func expediteAll(in tenant: Tenant) async throws { try await expediteAll(in: tenant.id) }

    func expediteAll(in tenant: ID<Tenant>) async throws {
        try await fixture.database.write(tenant) { tx in
            for bot in try await Bot.all(in: tx) { try await Webhook.expedite(bot.id, in: tx) }
        }
    }

    /// How many bots wait for a look, or have one.
    func due(in tenant: Tenant) async throws -> Int64 { try await due(in: tenant.id) }

    func due(in tenant: ID<Tenant>) async throws -> Int64 {
        try await fixture.database.read(tenant) { tx in
            try await tx.value(
                "SELECT count(*) FROM bot_webhook WHERE tenant_id = \(tx.tenant) AND next_check_at <= clock_timestamp()",
                as: Int64.self) ?? 0
        }
    }
}
