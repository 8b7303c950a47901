import Platform

/// The public keys that access tokens can be verified with (RFC 7517), those that are yet to sign among them.
package struct JSONWebKeySet: JSONWritable {
    private let keys: [SigningKey]

    /// - Throws: `AccessTokens.NoKey` until there is one.
    package init(_ keys: SigningKeys, at time: Timestamp) throws {
        self.keys = try keys.valid(at: time)
        if self.keys.isEmpty { throw AccessTokens.NoKey() }
    }

    package func write(to json: inout JSONWriter) {
        json.object {
            $0.field("keys") { json in
                json.array(keys) { json, key in
                    let (x, y) = key.key.publicKey.coordinates
                    json.object {
                        $0.field("kty", "EC")
                        $0.field("crv", "P-256")
                        $0.field("x", x)
                        $0.field("y", y)
                        $0.field("kid", key.id)
                        $0.field("alg", "ES256")
                        $0.field("use", "sig")
                    }
                }
            }
        }
    }
}
