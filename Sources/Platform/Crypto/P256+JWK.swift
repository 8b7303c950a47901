extension P256.PublicKey {
    /// The coordinates as a JSON Web Key holds them (RFC 7518 section 6.2.1): base64url of 32 bytes each.
    package var coordinates: (x: String, y: String) {
        (Base64.encode(point[1..<33], .urlSafe), Base64.encode(point[33...], .urlSafe))
    }

    /// The key's name, made of the key itself (RFC 7638): 43 characters.
    package var thumbprint: String {
        let (x, y) = coordinates
        let members = #"{"crv":"P-256","kty":"EC","x":"\#(x)","y":"\#(y)"}"#
        return Base64.encode(SHA256.hash(members.utf8), .urlSafe)
    }
}
