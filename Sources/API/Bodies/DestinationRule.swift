import Platform

/// Where updates may be posted to, as far as a URL tells by itself. What its name resolves to is judged with every
/// connection.
struct DestinationRule: Sendable {
    let addressGuard: AddressGuard

    /// An http or https URL, without credentials; its port, and the address that it may name, are
    /// allowed. A name is written as DNS has it: with other letters than ASCII's it could never be connected to.
    func allows(_ url: String) -> Bool {
        guard let origin = try? Origin(of: url), origin.host.utf8.allSatisfy({ $0 < 0x80 }) else {
            return false
        }
        return !addressGuard.refuses(origin)
    }

    var field: Field<String> {
        let place =
            addressGuard.allowsPrivate
            ? "at a port that is allowed" : "at a public address and a port that is allowed"
        let expected = "an http or https URL without credentials, its host in ASCII (xn--…), \(place)"
        return .text(1...2048).which(expected, allows)
    }
}
