import Platform

/// The URL of a webhook, judged as Telegram judges it. Names are not resolved, but for `.invalid`, which
/// never resolves (RFC 6761).
struct WebhookAddress: Sendable, Equatable {
    let url: String
    /// The host when it is an address itself.
    let ip: IPAddress?

    private static let ports: Set = [80, 88, 443, 8443]

    /// - Parameter allowsLoopback: lets http and any port through for loopback hosts.
    init(_ text: String, allowsLoopback: Bool) throws(BotAPIRefusal) {
        guard let parts = Parts(text) else { throw .badRequest("invalid webhook URL specified") }
        url = parts.url
        ip = IPAddress(parts.host)
        if allowsLoopback && Self.isLoopback(parts.host, ip) { return }
        guard parts.isSecure else { throw .badWebhook("An HTTPS URL must be provided for webhook") }
        guard Self.ports.contains(parts.port) else {
            throw .badWebhook("Webhook can be set up only on ports 80, 88, 443 or 8443")
        }
        if let ip { try Self.check(ip) }
        if parts.host.hasSuffix(".invalid") || Self.isLoopback(parts.host, nil) {
            throw .badWebhook("Failed to resolve host: Name or service not known")
        }
    }

    /// - Throws: when Telegram does not deliver to this address.
    static func check(_ ip: IPAddress) throws(BotAPIRefusal) {
        guard ip.isIPv4 else { throw .badWebhook("IPv6-only addresses are not allowed") }
        guard !reserved.contains(where: { $0.contains(ip) }) else {
            throw .badWebhook("IP address \(ip) is reserved")
        }
    }

    private static func isLoopback(_ host: String, _ ip: IPAddress?) -> Bool {
        if let ip { return ip.isIPv4 ? ip.bytes[0] == 127 : ip == IPAddress("::1") }
        return host == "localhost" || host.hasSuffix(".localhost")
    }

    /// IANA's special-purpose IPv4 registry, multicast and the reserved class E.
    private static let reserved = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    ].compactMap { AddressRange($0) }
}

/// `scheme://user@host:port/path`; without a scheme it is https, as Telegram takes it.
private struct Parts {
    let url: String
    let isSecure: Bool
    let host: String
    let port: Int

    init?(_ text: String) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { return nil }
        let scheme = text.firstRange(of: "://").map { text[..<$0.lowerBound].lowercased() }
        guard scheme == nil || scheme == "http" || scheme == "https" else { return nil }
        isSecure = scheme != "http"
        url = scheme == nil ? "https://" + text : text
        let rest = scheme.map { text.dropFirst($0.count + 3) } ?? text[...]
        let authority = rest.prefix { !"/?#".contains($0) }
        let hostAndPort = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        var name = hostAndPort
        var digits: Substring?
        if hostAndPort.hasPrefix("["), let close = hostAndPort.firstIndex(of: "]") {
            name = hostAndPort[hostAndPort.index(after: hostAndPort.startIndex)..<close]
            let tail = hostAndPort[hostAndPort.index(after: close)...]
            guard tail.isEmpty || tail.hasPrefix(":") else { return nil }
            digits = tail.isEmpty ? nil : tail.dropFirst()
        } else if let colon = hostAndPort.firstIndex(of: ":") {
            name = hostAndPort[..<colon]
            digits = hostAndPort[hostAndPort.index(after: colon)...]
        }
        guard !name.isEmpty else { return nil }
        host = name.lowercased()
        if let digits {
            guard let number = Int(digits), (1...65_535).contains(number) else { return nil }
            port = number
        } else {
            port = isSecure ? 443 : 80
        }
    }
}
