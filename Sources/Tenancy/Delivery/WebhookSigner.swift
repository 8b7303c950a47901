import Platform

/// Signatures of the Standard Webhooks specification: v1 with `whsec_` secrets, v1a with `whsk_` ones.
package struct WebhookSigner: Sendable {
    package enum Fault: Error { case malformedSecret }

    private let keys: [(key: WebhookKey, until: Timestamp?)]

    /// - Parameter secrets: newest first; a delivery carries a signature for each, so that a receiver may know any
    ///   of them while one replaces another.
    package init(secrets: [String]) throws(Fault) { try self.init(secrets.map { ($0, until: nil) }) }

    /// - Parameter secrets: newest first, with the moments from which they sign no more.
    package init(_ secrets: [(String, until: Timestamp?)]) throws(Fault) {
        var keys: [(key: WebhookKey, until: Timestamp?)] = []
        for (secret, until) in secrets {
            guard let key = WebhookKey(secret) else { throw .malformedSecret }
            if case .verifying = key { throw .malformedSecret }
            keys.append((key, until))
        }
        self.keys = keys
    }

    /// A new secret of 32 random bytes.
    package static func makeSecret() -> String { WebhookKey.makeShared() }

    /// `whpk_…` of every asymmetric key, in order.
    package var publicKeys: [String] { keys.compactMap(\.key.publicKey) }

    /// Whether one of the signatures in a `webhook-signature` header fits; unknown versions are skipped.
    /// The timestamp's age is for the caller to judge.
    package func verifies(_ header: String, id: String, timestamp: Int64, body: [UInt8]) -> Bool {
        Self.verifies(header, id: id, timestamp: timestamp, body: body, keys: keys.map(\.key))
    }

    /// As above, for one who has keys of any kind, `whpk_` included.
    package static func verifies(
        _ header: String, id: String, timestamp: Int64, body: [UInt8], keys: [WebhookKey]
    ) -> Bool {
        let signed = signedBytes(id, timestamp, body)
        let given = header.split(separator: " ")
        return keys.contains { key in given.contains { key.verifies($0, of: signed) } }
    }

    /// The value of `webhook-signature` for `{id}.{timestamp}.{body}`.
    /// - Parameter timestamp: of this attempt, seconds since 1970.
    package func signature(id: String, timestamp: Int64, body: [UInt8]) -> String {
        let signed = Self.signedBytes(id, timestamp, body)
        let valid = keys.lazy.filter { $0.until.map { timestamp <= $0.secondsSince1970 } ?? true }
        return valid.compactMap { $0.key.signature(of: signed) }.joined(separator: " ")
    }

    private static func signedBytes(_ id: String, _ timestamp: Int64, _ body: [UInt8]) -> [UInt8] {
        Array("\(id).\(timestamp).".utf8) + body
    }
}
