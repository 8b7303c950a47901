import Auth
import Platform

/// `GET /.well-known/jwks.json`: the public keys of access tokens. The next key is here a day before it signs, so
/// whoever keeps the answer for five minutes knows every key in time.
struct JSONWebKeys: Sendable {
    let credentials: Credentials

    @Sendable func show(_ request: HTTPRequest) async throws -> HTTPResponse {
        let keys = try JSONWebKeySet(credentials.keys, at: credentials.clock.now)
        return .json(200, keys.json, headers: ["Cache-Control": "public, max-age=300"])
    }
}
