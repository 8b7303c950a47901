import Platform

/// What a node knows of credentials, the same for all its event loops: signing keys, verified tokens, revocations.
/// `CredentialUpkeep` keeps it current.
package final class Credentials: Sendable {
    package let tokens: AccessTokens
    package let clock = DatabaseClock()
    package let revocations = RevocationList()
    let cache: CredentialCache
    let uses = APIKeyUses()

    package var keys: SigningKeys { tokens.keys }

    /// Whether anybody can be let in: keys and revocations are loaded and fresh.
    package var areReady: Bool {
        (try? revocations.generation()) != nil && (try? JSONWebKeySet(keys, at: clock.now)) != nil
    }

    /// - Parameter verifiedAtMost: how many verified tokens are remembered.
    package init(issuer: String, box: SecretBox, logger: Logger, verifiedAtMost: Int = 20_000) {
        tokens = AccessTokens(keys: SigningKeys(box: box, logger: logger), issuer: issuer)
        cache = CredentialCache(capacity: verifiedAtMost)
    }
}
