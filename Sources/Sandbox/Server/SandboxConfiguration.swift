/// How a sandbox behaves.
package struct SandboxConfiguration: Sendable {
    /// Lets webhooks be plain http, and on any port, where the host is a loopback one.
    package var allowsHTTP: Bool
    /// Seconds of the sandbox in a second outside: retries, expiries, limits and long polls run that much
    /// faster. Requests to a webhook keep their time-out.
    package var speed: Double
    /// Recorded calls a bot.
    package var callsKept: Int
    /// Updates a bot may have waiting; past that the control side refuses new ones.
    package var pendingLimit: Int
    package var botLimit: Int
    /// Recorded calls of all bots together; see `CallLedger`.
    package var ledgerKept: Int
    /// nil: none is too many.
    package var newTokens: NewTokenLimit?
    /// How long a receiver may take to answer.
    package var webhookTimeout: Duration

    package init(
        allowsHTTP: Bool = true, speed: Double = 1, callsKept: Int = 10_000, pendingLimit: Int = 100_000,
        botLimit: Int = 200_000, ledgerKept: Int = 200_000, newTokens: NewTokenLimit? = nil,
        webhookTimeout: Duration = .seconds(60)
    ) {
        self.allowsHTTP = allowsHTTP
        self.speed = speed
        self.callsKept = callsKept
        self.pendingLimit = pendingLimit
        self.botLimit = botLimit
        self.ledgerKept = ledgerKept
        self.newTokens = newTokens
        self.webhookTimeout = webhookTimeout
    }
}
