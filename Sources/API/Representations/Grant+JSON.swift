import Auth
import Platform

/// As RFC 6749 section 5.1 has it.
extension Sessions.Grant: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object {
            $0.field("access_token", accessToken)
            $0.field("token_type", "Bearer")
            $0.field("expires_in", Int(AccessTokens.lifetime.milliseconds / 1000))
            $0.field("refresh_token", refreshToken.text)
        }
    }

    var response: HTTPResponse { .json(200, json, headers: ["Cache-Control": "no-store"]) }
}
