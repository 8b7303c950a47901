/// A mail server that takes letters in: `smtp[s]://user:password@host:port`.
package struct SMTPServer: Sendable {
    /// From the beginning (`smtps`), after STARTTLS, or, to this machine itself alone, not at all.
    package enum Encryption: Sendable { case fromTheStart, required, none }

    package let host: String
    package let port: UInt16
    package let user: String?
    package let password: String?
    package let encryption: Encryption

    package init(
        host: String, port: UInt16, user: String? = nil, password: String? = nil, encryption: Encryption
    ) {
        self.host = host
        self.port = port
        self.user = user
        self.password = password
        self.encryption = encryption
    }

    /// nil for anything else. User and password are percent-decoded; without a port it is 465 or 587.
    package init?(_ text: String) {
        let isSecure = text.hasPrefix("smtps://")
        guard isSecure || text.hasPrefix("smtp://") else { return nil }
        var rest = text.dropFirst(isSecure ? 8 : 7)
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        var (user, password): (String?, String?) = (nil, nil)
        if let at = rest.lastIndex(of: "@") {
            let parts = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decoded(parts[0]),
                let secret = Self.decoded(parts.count > 1 ? parts[1] : "")
            else { return nil }
            (user, password) = (name, secret)
            rest = rest[rest.index(after: at)...]
        }
        guard let (host, port) = Self.split(rest, standardPort: isSecure ? 465 : 587) else { return nil }
        self.init(
            host: host, port: port, user: user, password: password,
            encryption: isSecure ? .fromTheStart : Self.isLoopback(host) ? .none : .required)
    }

    var url: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return "\(encryption == .fromTheStart ? "smtps" : "smtp")://\(name):\(port)"
    }

    private static func split(_ text: Substring, standardPort: UInt16) -> (String, UInt16)? {
        var (host, port) = (text, standardPort)
        if let colon = text.lastIndex(of: ":"), !text.hasSuffix("]") {
            guard let number = UInt16(text[text.index(after: colon)...]), number > 0 else { return nil }
            (host, port) = (text[..<colon], number)
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            return IPAddress(host) == nil ? nil : (String(host), port)
        }
        let isName = host.utf8.allSatisfy { $0 < 0x80 && ($0.isLetterOrDigit || $0 == 0x2D || $0 == 0x2E) }
        return isName && !host.isEmpty ? (String(host), port) : nil
    }

    private static func isLoopback(_ host: String) -> Bool {
        guard let address = IPAddress(host) else { return host.lowercased() == "localhost" }
        return address.isIPv4 ? address.bytes[0] == 127 : address == IPAddress("::1")
    }

    private static func decoded(_ text: Substring) -> String? {
        PercentEncoding.decode(text.utf8).flatMap {
            $0.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } ? $0 : nil
        }
    }
}

extension UInt8 {
    fileprivate var isLetterOrDigit: Bool {
        (0x30...0x39).contains(self) || (0x41...0x5A).contains(self & 0xDF) && self >= 0x41
    }
}
