import Platform

/// Where updates may be posted to, as far as a URL tells by itself. What its name resolves to is judged with every
/// connection.
struct DestinationRule: Sendable {
    let addressGuard: AddressGuard

    /// An http or https URL, without credentials; one that names an address names one that is allowed.
    func allows(_ url: String) -> Bool {
        guard let origin = try? Origin(of: url) else { return false }
        return IPAddress(origin.host).map { !addressGuard.refuses($0) } ?? true
    }

    var field: Field<String> {
        let expected =
            addressGuard.allowsPrivate
            ? "an http or https URL without credentials"
            : "an http or https URL without credentials, at a public address"
        return .text(1...2048).which(expected, allows)
    }
}

extension DestinationRule {
    init(_ settings: Settings) {
        self.init(addressGuard: AddressGuard(allowsPrivate: settings.allowsPrivateDestinations))
    }
}
