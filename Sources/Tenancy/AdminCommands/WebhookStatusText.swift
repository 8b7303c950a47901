import Platform

/// The answer to `/webhook_status`.
struct WebhookStatusText {
    let text: String

    /// - Parameter info: what Telegram says now; nil when it could not be asked.
    init(_ bot: Bot, _ webhook: Webhook, _ info: WebhookInfo?) {
        let (report, url): (WebhookReport, String?) = (webhook.report, webhook.url)
        let pending = info?.pendingUpdateCount ?? report.pendingUpdateCount
        let errorAt = info?.lastErrorDate.map { Timestamp(microsecondsSince1970: $0 * 1_000_000) }
        let message = info == nil ? report.lastErrorMessage : info?.lastErrorMessage
        let at = info == nil ? report.lastErrorAt : errorAt
        var lines = ["\(bot.name): \(webhook.state.rawValue)"]
        if let reason = webhook.reason { lines.append(reason) }
        lines.append("Mode: \(bot.mode.rawValue) (updates come by \(bot.transport.rawValue))")
        lines.append("URL: \(Self.shown(info?.url ?? report.url, ours: url))")
        lines.append("Pending updates: \(pending.map(String.init) ?? "unknown")")
        lines.append("Last error: \(message ?? "none")" + (at.map { " (\($0))" } ?? ""))
        text = lines.joined(separator: "\n")
    }

    /// Of somebody else's URL the host alone: the rest is often the token.
    private static func shown(_ url: String?, ours: String?) -> String {
        guard let url, !url.isEmpty else { return "none" }
        if url == ours { return url }
        return ((try? Origin(of: url).host) ?? "unknown") + " (not ours)"
    }
}
