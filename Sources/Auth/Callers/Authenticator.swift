import Platform
import Tenancy

/// Finds out who makes a request from its bearer token: an access token or an API key.
package struct Authenticator: Sendable {
    /// Why a token was not taken. Clients learn only that it was not.
    package enum Failure: Error, Sendable {
        case invalidToken
        /// An API key used from an address that it does not allow.
        case addressNotAllowed
    }

    package init() {}

    /// - Parameter isKnown: set when the answer came from memory, without a look at signature or database.
    package func caller(of token: String, from address: IPAddress) async throws -> Caller {
        throw Failure.invalidToken
    }
}
