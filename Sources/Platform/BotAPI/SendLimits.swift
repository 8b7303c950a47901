/// How fast a bot may send (core.telegram.org/bots/faq, "My bot is hitting limits").
package struct SendLimits: Sendable {
    /// Within any second, to all chats.
    package var perSecond = 30
    /// Between two messages to one chat.
    package var chatInterval = Duration.seconds(1)
    /// Within any minute, to one group.
    package var perMinuteInGroup = 20
    /// Messages of a bot that may wait, and of these those to one chat.
    package var waiting = 1000
    package var waitingInChat = 200

    package init() {}
}
