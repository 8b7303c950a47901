import Platform

/// What it takes to call Telegram as one of the bots.
package struct BotCalls: Sendable {
    /// For what goes to a chat.
    let scheduler: SendScheduler
    /// For all else; over a client of the loop that uses it.
    let telegram: BotAPIClient
    let secrets: BotSecrets

    package init(scheduler: SendScheduler, telegram: BotAPIClient, secrets: BotSecrets) {
        self.scheduler = scheduler
        self.telegram = telegram
        self.secrets = secrets
    }
}
