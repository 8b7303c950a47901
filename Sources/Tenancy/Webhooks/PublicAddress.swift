import Platform
import Synchronization

/// Where Telegram reaches this installation. It changes while the program runs when it is a tunnel's.
package final class PublicAddress: Sendable {
    /// Whether bots poll while there is no address: in development.
    package let isPollingWithout: Bool
    /// Whether it is the node's own, which only a stand-in for Telegram on the same machine reaches, and may not take.
    private let isOwn: Bool
    private let state: Mutex<String?>

    /// - Parameter url: without a slash at the end; nil for none so far.
    package init(_ url: String? = nil, isPollingWithout: Bool = false, isOwn: Bool = false) {
        self.isOwn = isOwn
        self.isPollingWithout = isPollingWithout
        state = Mutex(url)
    }

    package var url: String? { state.withLock { $0 } }

    /// - Returns: whether it is another than before.
    @discardableResult
    package func set(_ url: String?) -> Bool {
        state.withLock { known in
            defer { known = url }
            return known != url
        }
    }

    /// Telegram's stand-in is as strict as Telegram, and takes no http: there is no address then.
    /// - Returns: whether it was the node's own, so that there is something else to be done about it than to complain.
    func giveUpOwn() -> Bool {
        if isOwn { set(nil) }
        return isOwn
    }

    /// The webhook wanted for a bot; nil while it can have none.
    package func webhookURL(of bot: Bot) -> String? {
        bot.webhook.url ?? url.map { "\($0)/telegram/webhook/\(bot.id)" }
    }

    /// How a bot's updates are to come in.
    /// - Parameter isFallenBack: whether its webhook is failing; of a hybrid bot.
    package func wantedTransport(of bot: Bot, isFallenBack: Bool) -> Bot.Transport {
        guard bot.status == .active else { return .none }
        switch bot.mode {
        case .polling: return .polling
        case .hybrid where isFallenBack: return .polling
        case .webhook, .hybrid:
            guard bot.webhook.isEnabled else { return .none }
            if webhookURL(of: bot) != nil { return .webhook }
            return isPollingWithout || bot.mode == .hybrid ? .polling : .none
        }
    }
}
