/// Keeps requests that strangers can direct (webhook addresses) from reaching the operator's own network.
///
/// It judges the address connected to, not the name: a name can be made to resolve to anything, and to something
/// else a moment later. Sources: IANA's IPv4 and IPv6 special-purpose address registries (RFC 6890).
package struct AddressGuard: Sendable {
    /// Switches the guard off: in development, or where receivers live in the operator's own network.
    package let allowsPrivate: Bool
    /// Others are not connected to, whatever the address.
    package let ports: PortRanges
    private let exceptions: [AddressRange]

    /// - Parameter exceptions: taken for public, whatever they are.
    package init(allowsPrivate: Bool, ports: PortRanges = .all, exceptions: [AddressRange] = []) {
        self.allowsPrivate = allowsPrivate
        self.ports = ports
        self.exceptions = exceptions
    }

    package func refuses(_ address: IPAddress) -> Bool {
        !allowsPrivate && !Self.isPublic(address) && !exceptions.contains { $0.contains(address) }
    }

    /// What a URL tells by itself: its port, and its address when it names one. A name may stand for anything, which
    /// is judged when it is connected to.
    package func refuses(_ origin: Origin) -> Bool {
        !ports.contains(origin.port) || IPAddress(origin.host).map(refuses) ?? false
    }

    private static func isPublic(_ address: IPAddress) -> Bool {
        if address.isIPv4 { return !specialIPv4.contains { $0.contains(address) } }
        if let embedded = embeddedIPv4(in: address) { return isPublic(embedded) }
        return globalUnicast.contains { $0.contains(address) }
            && !specialIPv6.contains { $0.contains(address) }
    }

    /// The IPv4 address that a translator or tunnel takes out of an IPv6 one (NAT64, RFC 6052; 6to4, RFC 3056).
    private static func embeddedIPv4(in address: IPAddress) -> IPAddress? {
        if nat64.contains(where: { $0.contains(address) }) {
            return IPAddress(bytes: Array(address.bytes[12...]))
        }
        if sixToFour.contains(where: { $0.contains(address) }) {
            return IPAddress(bytes: Array(address.bytes[2..<6]))
        }
        return nil
    }

    private static let nat64 = ranges("64:ff9b::/96")
    private static let sixToFour = ranges("2002::/16")
    private static let globalUnicast = ranges("2000::/3")

    private static let specialIPv4 = ranges(
        "0.0.0.0/8",  // this network, unspecified
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",  // private
        "100.64.0.0/10",  // carrier-grade NAT
        "127.0.0.0/8",  // loopback
        "168.63.129.16/32",  // Azure's platform service
        "169.254.0.0/16",  // link-local, cloud metadata
        "192.0.0.0/24",  // protocol assignments
        "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24",  // documentation
        "192.88.99.0/24",  // 6to4 relays
        "198.18.0.0/15",  // benchmarks
        "224.0.0.0/4",  // multicast
        "240.0.0.0/4")  // reserved, broadcast

    /// Only what lies within global unicast needs a mention: loopback, unique local, link-local, multicast,
    /// IPv4-compatible and local NAT64 addresses lie outside.
    private static let specialIPv6 = ranges(
        "2001::/23",  // protocol assignments, Teredo, benchmarks, ORCHID
        "2001:db8::/32", "3fff::/20")  // documentation

    private static func ranges(_ texts: String...) -> [AddressRange] { texts.compactMap { AddressRange($0) } }
}
