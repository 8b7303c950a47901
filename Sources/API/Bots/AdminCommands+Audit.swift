import Auth
import Platform
import Tenancy

extension AdminCommands {
    /// Notes links in the audit trail.
    init(
        loop: EventLoop, database: Database, secrets: BotSecrets, telegram: BotAPIClient,
        scheduler: SendScheduler, logger: Logger, trail: AuditTrail
    ) {
        self.init(
            loop: loop, database: database, secrets: secrets, telegram: telegram, scheduler: scheduler,
            logger: logger
        ) { link, tx in
            // Nobody was signed in: who had the code is the platform's word.
            try await trail.record(
                AuditEvent(
                    .telegramLinkCreate, of: AuditTarget(link.admin), changes: AuditChanges(linking: link)),
                by: .platform, from: .platform, in: tx)
        }
    }
}

extension AuditChanges {
    init(linking link: TelegramLink) {
        self.init()
        add("telegram_user_id", from: nil, to: "\(link.user)")
        add("bot_id", from: nil, to: "\(link.bot)")
    }

    init(unlinking link: TelegramLink?, withCode hadCode: Bool) {
        self.init()
        if let link { add("telegram_user_id", from: "\(link.user)", to: nil) }
        if hadCode { addSecret("code") }
    }
}
