import Platform

extension WebhookReport {
    /// - Parameter isForeign: somebody else's URL is cut down to scheme and host.
    package init(_ info: WebhookInfo, isForeign: Bool) {
        self.init()
        url = isForeign ? Self.schemeAndHost(of: info.url) : info.url
        pendingUpdateCount = info.pendingUpdateCount
        hasCustomCertificate = info.hasCustomCertificate
        ipAddress = info.ipAddress.map(Self.storable)
        lastErrorAt = info.lastErrorDate.flatMap(Self.moment)
        lastErrorMessage = info.lastErrorMessage.map(Self.storable)
        lastSynchronizationErrorAt = info.lastSynchronizationErrorDate.flatMap(Self.moment)
        maxConnections = info.maxConnections
        allowedUpdates = info.allowedUpdates?.map(Self.storable)
    }

    private static func schemeAndHost(of url: String) -> String {
        guard let origin = try? Origin(of: url) else { return "unknown" }
        let host = origin.host.contains(":") ? "[\(origin.host)]" : origin.host
        return "\(origin.text.prefix { $0 != ":" })://\(host)"
    }

    /// nil for 0, which stands for never, and for what is no date.
    private static func moment(_ seconds: Int64) -> Timestamp? {
        guard seconds > 0, seconds < 253_402_300_800 else { return nil }
        return Timestamp(microsecondsSince1970: seconds * 1_000_000)
    }

    /// PostgreSQL has no NUL in a text, and nobody needs a long one.
    private static func storable(_ text: String) -> String {
        String(text.replacing("\0", with: "").prefix(500))
    }
}
