import Platform

/// A key that access tokens are signed with.
///
///     published ──(active_at)──▶ signs ──(a newer one's active_at)──▶ verifies ──(retired_at)──▶ gone
///
/// It is in the JWKS from the moment it is made until it is retired. Which key signs is told by the time of the
/// token, not by when a node hears of it.
///
/// A key is believed only when its sealed private part opens and belongs to its public part and its name: whoever can
/// write to the table, but has not the master key, cannot put in a key of their own.
struct SigningKey: Sendable {
    /// Keys sign for this long.
    static let period = Duration.seconds(30 * 86_400)
    /// The next key is made, and published, as long before it signs.
    static let publishedAhead = Duration.seconds(86_400)
    /// Until every node has read of a key that is to sign at once; they read every second.
    static let publishedAheadAtLeast = Duration.seconds(5)
    /// Until a key that signs no more is retired: no token that it signed is valid then.
    static let verifiesAfterwards = AccessTokens.lifetime + .seconds(60)

    /// RFC 7638
    let id: String
    let activeAt: Timestamp
    let retiredAt: Timestamp?
    let key: P256.PrivateKey
    /// The first part of a token signed with it: `{"alg":"ES256","typ":"at+jwt","kid":"…"}` in base64url.
    let header: String

    init(id: String, activeAt: Timestamp, retiredAt: Timestamp?, key: P256.PrivateKey) {
        self.id = id
        self.activeAt = activeAt
        self.retiredAt = retiredAt
        self.key = key
        var json = JSONWriter()
        json.object {
            $0.field("alg", "ES256")
            $0.field("typ", "at+jwt")
            $0.field("kid", id)
        }
        header = Base64.encode(json.bytes, .urlSafe)
    }

    /// Whether a token that it signs now stays valid as long as it should. With a successor it has an end.
    func signs(at time: Timestamp) -> Bool {
        activeAt <= time && retiredAt.map { time + Self.verifiesAfterwards < $0 } ?? true
    }

    func isRetired(at time: Timestamp) -> Bool { retiredAt.map { $0 <= time } ?? false }

    /// What its private part is sealed for.
    static func binding(_ id: String) -> [UInt8] { Array("signing_key \(id)".utf8) }
}
