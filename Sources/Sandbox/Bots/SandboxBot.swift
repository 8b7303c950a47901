import Platform

/// A bot of the sandbox with all it holds. Confined to the `Sandbox` actor.
final class SandboxBot {
    /// Its token changes when it is revoked.
    var profile: SandboxBotProfile
    /// Whether a call with its token has come: a first one may be too many for its address.
    var isSeen = false
    var id: Int64 { profile.telegramID }

    var webhook: SandboxWebhook?
    var health = WebhookHealth()
    var allowedUpdates = AllowedUpdates()
    /// Before this a setWebhook is answered with 429.
    var nextSetWebhook: Timestamp?
    var pending = PendingUpdates()
    var lanes = LaneSchedule()
    /// The timer that looks at the waiting lanes again.
    var wakeUp: TimerQueue.Token?
    var poll: LongPoll?
    /// Counted instead of what really is, until a webhook is set or deleted.
    var infoOverride: WebhookInfoOverride?
    var faults = FaultPlan()
    var deliveryFault: DeliveryFault?
    var calls: CallLog
    var chats = SandboxChats()
    var settings = BotSettings()
    private var nextUpdateID: Int64
    private var nextMessageID: Int64 = 1

    /// - Parameter firstUpdateID: drawn anew for each life of the sandbox, as Telegram starts at random after
    ///   a week: ids that came again would pass for duplicates with a receiver that remembers.
    init(_ profile: SandboxBotProfile, firstUpdateID: Int64, callsKept: Int) {
        self.profile = profile
        nextUpdateID = firstUpdateID
        calls = CallLog(limit: callsKept)
    }

    func takeUpdateID() -> Int64 {
        defer { nextUpdateID += 1 }
        return nextUpdateID
    }

    func takeMessageID() -> Int64 {
        defer { nextMessageID += 1 }
        return nextMessageID
    }
}
