import Platform

/// Signatures of the Standard Webhooks specification, scheme v1 (HMAC-SHA256).
package struct WebhookSigner: Sendable {
    package enum Fault: Error { case malformedSecret }

    private static let secretPrefix = "whsec_"
    private let keys: [[UInt8]]

    /// - Parameter secrets: `whsec_` + base64 of 24 to 64 bytes; with several, newest first, a delivery carries a
    ///   signature for each, so that a receiver may know either while one replaces the other.
    package init(secrets: [String]) throws {
        keys = try secrets.map { secret in
            guard secret.hasPrefix(Self.secretPrefix),
                let key = Base64.decode(secret.dropFirst(Self.secretPrefix.count)),
                (24...64).contains(key.count)
            else { throw Fault.malformedSecret }
            return key
        }
    }

    /// A new secret of 32 random bytes.
    package static func makeSecret() -> String {
        secretPrefix + Base64.encode(Random.bytes(32))
    }

    /// The value of `webhook-signature` for `{id}.{timestamp}.{body}`.
    /// - Parameter timestamp: of this attempt, seconds since 1970.
    package func signature(id: String, timestamp: Int64, body: [UInt8]) -> String {
        let signed = Array("\(id).\(timestamp).".utf8) + body
        return keys.map { "v1," + Base64.encode(HMAC.sha256(key: $0, signed)) }
            .joined(separator: " ")
    }
}
