import Platform

/// Somebody else has set the bot's webhook, and it is not to be replaced.
package struct WebhookConflict: Error, Equatable {
    /// Where it points; nothing more of the URL, which often holds the token.
    package let host: String

    package init(host: String) { self.host = host }
}

extension PublicAddress {
    /// The host of a URL that Telegram reports when it is somebody else's; nil for ours, also for one that we have set
    /// before, and for none.
    package func foreignHost(of url: String, bot: Bot, lastSet: String?) -> String? {
        foreignHost(of: url, wanted: webhookURL(of: bot), lastSet: lastSet)
    }

    /// The same for a bot that is not connected yet.
    func foreignHost(of url: String, wanted: String?, lastSet: String?) -> String? {
        guard !url.isEmpty, url != lastSet, url != wanted else { return nil }
        if let own = self.url, url.hasPrefix("\(own)/telegram/webhook/") { return nil }
        return (try? Origin(of: url).host) ?? "unknown"
    }
}
