/// How long pollers wait for what. Tests make it short.
package struct PollPace: Sendable {
    /// For an update, at Telegram; no more than 50 s.
    package var longest: Duration
    /// How long every poll may fail before the bot is shown as failing.
    package var patience: Duration
    /// Polls that another poller has ended, within `conflictTime`, before somebody else is said to poll: one or two
    /// come about when a bot goes from one node to another.
    package var conflictLimit: Int
    package var conflictTime: Duration
    /// Without such polls, before somebody else is said to have stopped.
    package var calmTime: Duration

    package init(
        longest: Duration = .seconds(50), patience: Duration = .seconds(60), conflictLimit: Int = 3,
        conflictTime: Duration = .seconds(120), calmTime: Duration = .seconds(1200)
    ) {
        self.longest = longest
        self.patience = patience
        self.conflictLimit = conflictLimit
        self.conflictTime = conflictTime
        self.calmTime = calmTime
    }

    /// Whole seconds, less a random part: thousands of polls that began together shall not end together.
    var wait: Duration {
        let longest = longest.components.seconds
        return .seconds(Int64.random(in: (longest - longest / 5)...longest))
    }
}
