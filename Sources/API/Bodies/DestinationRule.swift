import Platform

/// Where updates may be posted to, as far as a URL tells by itself. What its name resolves to is judged with every
/// connection.
struct DestinationRule: Sendable {
    let addressGuard: AddressGuard

    /// An http or https URL, without credentials; its port, and the address that it may name, are
    /// allowed.
    func allows(_ url: String) -> Bool {
        guard let origin = try? Origin(of: url) else { return false }
        return !addressGuard.refuses(origin)
    }

    var field: Field<String> {
        let expected =
            addressGuard.allowsPrivate
            ? "an http or https URL without credentials, at a port that is allowed"
            : "an http or https URL without credentials, at a public address and a port that is allowed"
        return .text(1...2048).which(expected, allows)
    }
}
