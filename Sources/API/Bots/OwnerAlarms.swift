import Platform
import Tenancy

/// Letters to the owners of a tenant one of whose bots needs them. Whoever raises an alarm does not wait; of very many at
/// once some are dropped, which the audit trail and the bots' state still show.
struct BotAlarms: Sendable {
    private static let waiting = 1000

    private struct Alarm: Sendable {
        let event: BotEvent
        let bot: Bot
    }

    private let database: Database
    private let outbox: MailOutbox?
    private let logger: Logger
    private let alarms: AsyncStream<Alarm>
    private let slot: AsyncStream<Alarm>.Continuation

    /// - Parameters:
    ///   - database: of the loop that `run` is called on.
    ///   - outbox: nil where no mail is sent.
    init(database: Database, outbox: MailOutbox?, logger: Logger) {
        self.database = database
        self.outbox = outbox
        self.logger = logger
        (alarms, slot) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.waiting))
    }

    /// From any thread.
    func raise(_ event: BotEvent, of bot: Bot) {
        guard outbox != nil else { return }
        if case .dropped = slot.yield(Alarm(event: event, bot: bot)) {
            logger.error("an alarm was dropped: too many are waiting", ["bot": "\(bot.id)"])
        }
    }

    /// Runs until the task is cancelled.
    func run() async {
        for await alarm in alarms {
            do {
                try await send(alarm)
            } catch {
                if Task.isCancelled { return }
                logger.warning(
                    "an alarm could not be sent", ["bot": "\(alarm.bot.id)", "error": "\(error)"])
            }
        }
    }

    private func send(_ alarm: Alarm) async throws {
        let (owners, tenant) = try await database.read(alarm.bot.tenant) { tx in
            (try await Admin.ownerEmails(in: tx), try await Tenant.current(in: tx))
        }
        guard let tenant, let text = alarm.event.explanation else { return }
        let bot = alarm.bot.username.map { "@\($0)" } ?? alarm.bot.name
        for owner in owners {
            let letter = MailMessage(
                to: owner, subject: "Your bot \(bot) needs you",
                text: """
                    \(bot) (\(alarm.bot.id)) of \(tenant.name):

                    \(text)

                    """)
            if let letter { outbox?.send(letter) }
        }
    }
}

extension BotEvent {
    /// For the bot's owner; nil for what is no alarm.
    fileprivate var explanation: String? {
        switch self {
        case .tokenRevoked:
            """
            Telegram knows its token no more: it was revoked, or the bot deleted. No updates come in. Put the new token \
            in with PUT /v1/bots/{bot_id}/token.
            """
        case .blocked:
            "Telegram refuses it: the bot may have been blocked. No updates come in."
        case .foreignWebhook(let host):
            """
            Somebody else has set a webhook at \(host) and gets the bot's updates. If that was not you, the token may be \
            stolen: have @BotFather revoke it and put the new one in with PUT /v1/bots/{bot_id}/token.
            """
        case .foreignPoll:
            """
            Somebody else polls for the bot's updates. If that was not you, the token may be stolen: have @BotFather \
            revoke it and put the new one in with PUT /v1/bots/{bot_id}/token.
            """
        case .repaired, .switched, .takenOver, .imported, .importUndone, .secretsRetired: nil
        }
    }
}
