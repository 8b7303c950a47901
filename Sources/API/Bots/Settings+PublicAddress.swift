import Platform

extension Settings {
    /// Whether Telegram can reach this node only by a tunnel.
    var hasTunnel: Bool { environment == .development && publicURL == nil && !usesOwnAddress }

    /// Whether Telegram's stand-in is to reach the node at its own address, and not by a tunnel that was asked for.
    var usesOwnAddress: Bool { publicURL == nil && isTelegramLocal && bots.tunnel == nil }

    /// Whether Telegram is a stand-in on this machine, which reaches the node's own address.
    fileprivate var isTelegramLocal: Bool {
        guard environment == .development, let host = try? Origin(of: telegramAPIURL).host else {
            return false
        }
        guard let address = IPAddress(host) else {
            return host == "localhost" || host.hasSuffix(".localhost")
        }
        return address.isIPv4 ? address.bytes.first == 127 : address == IPAddress("::1")
    }
}
