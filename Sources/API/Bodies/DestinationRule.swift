import Platform

/// Where updates may be posted to, as far as a URL tells by itself. What its name resolves to is judged with every
/// connection.
struct DestinationRule: Sendable {
    let addressGuard: AddressGuard

    /// An http or https URL, without credentials; its port, and the address that it may name, are
    /// allowed. A name is one that DNS can hold: another could never be connected to.
    func allows(_ url: String) -> Bool {
        guard let origin = try? Origin(of: url), Self.hasTwoSlashes(url),
            IPAddress(origin.host) != nil || Self.isName(origin.host)
        else { return false }
        return !addressGuard.refuses(origin)
    }

    /// libcurl takes one to three, and finds a host where the author had written none.
    private static func hasTwoSlashes(_ url: String) -> Bool {
        let rest = url.drop { $0 != ":" }
        return rest.hasPrefix("://") && !rest.hasPrefix(":///")
    }

    /// Letters, digits, hyphens and underscores in labels of up to 63, 253 in all (RFC 1035 section 2.3.4); a dot at
    /// the end is the root's.
    private static func isName(_ host: String) -> Bool {
        let name = host.hasSuffix(".") ? host.dropLast() : host[...]
        return name.utf8.count <= 253
            && name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
                (1...63).contains(label.utf8.count) && label.utf8.allSatisfy(isNameCharacter)
            }
    }

    private static func isNameCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }

    var field: Field<String> {
        let place =
            addressGuard.allowsPrivate
            ? "at a port that is allowed" : "at a public address and a port that is allowed"
        let expected = "an http or https URL without credentials, its host in ASCII (xn--…), \(place)"
        return .text(1...2048).which(expected, allows)
    }
}
