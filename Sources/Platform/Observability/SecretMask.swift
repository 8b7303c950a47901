/// Keeps secrets out of text that leaves the program.
package enum SecretMask {
    package static let placeholder = "[masked]"

    private static let secretNames = [
        "token", "secret", "password", "authorization", "api_key", "master_key",
    ]

    /// Whether a field of this name holds a secret.
    package static func isSecret(_ name: String) -> Bool {
        let lowered = name.lowercased()
        return secretNames.contains { lowered == $0 || lowered.hasSuffix("_" + $0) }
    }

    static func masked(_ value: any LogValue) -> any LogValue {
        (value as? String).map { masked($0) as any LogValue } ?? value
    }

    /// `text` with bot tokens (`123456:AA…`), API keys, webhook secrets, passwords in URLs and bearer
    /// credentials replaced.
    package static func masked(_ text: String) -> String {
        guard text.utf8.count >= 12, text.utf8.contains(where: { $0 == 0x3A || $0 == 0x5F || $0 == 0x20 })
        else { return text }
        var result = text
        result.replace(#/\d{5,}:[A-Za-z0-9_-]{30,}/#, with: placeholder)
        result.replace(#/(?:rk_live_|rk_inv_|rk_ref_|whsec_|whsk_)[A-Za-z0-9+/=_-]{16,}/#, with: placeholder)
        result.replace(#/(:\/\/[^:@/\s]+:)[^@/\s]+@/#) { $0.output.1 + placeholder + "@" }
        result.replace(#/[Bb]earer +[A-Za-z0-9._~+/=-]{8,}/#, with: "Bearer " + placeholder)
        return result
    }
}
