/// Who asked, when the connection comes from a proxy of ours.
struct TrustedProxies: Sendable {
    let ranges: [AddressRange]

    func contains(_ address: IPAddress) -> Bool { ranges.contains { $0.contains(address) } }

    /// Walks X-Forwarded-For from the right: each trusted proxy has appended the address it saw. The first one
    /// that is not trusted is the client; what stands left of it is the client's own claim.
    func client(behind peer: IPAddress, _ headers: HTTPHeaders) -> IPAddress {
        var client = peer
        let entries = headers.values(of: "X-Forwarded-For").flatMap { $0.split(separator: ",") }
        for entry in entries.reversed() {
            guard contains(client), let next = Self.address(entry) else { break }
            client = next
        }
        return client
    }

    /// - Parameter headers: of a request that came from a trusted peer.
    func isSecure(_ headers: HTTPHeaders) -> Bool {
        let last = headers.values(of: "X-Forwarded-Proto").last?.split(separator: ",").last
        return last.map { ASCII.equalsWithoutCase(Self.trimmed($0).utf8, "https".utf8) } ?? false
    }

    /// An address with or without a port: `1.2.3.4`, `1.2.3.4:80`, `::1`, `[::1]:80`.
    private static func address(_ text: Substring) -> IPAddress? {
        let text = trimmed(text)
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            return IPAddress(text[text.index(after: text.startIndex)..<end])
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        return IPAddress(parts.count == 2 ? parts[0] : text)
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while text.utf8.first.map(ASCII.isBlank) == true { text.removeFirst() }
        while text.utf8.last.map(ASCII.isBlank) == true { text.removeLast() }
        return text
    }
}
