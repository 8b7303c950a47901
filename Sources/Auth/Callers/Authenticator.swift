import Platform
import Tenancy

/// Finds out who makes a request from its bearer token: an access token or an API key.
package struct Authenticator: Sendable {
    /// Why a token was not taken. Clients learn only that it was not.
    package enum Failure: Error, Sendable { case invalidToken }

    /// A genuine API key was used from an address that it does not allow.
    package struct AddressNotAllowed: Error, Sendable { package let caller: Caller }

    private static let longestToken = 4096
    /// API keys that were changed by hand, with no revocation, are noticed after this and another `recheckTime`.
    private static let recheckEvery = Duration.seconds(45)
    /// How long others go on with what is known, while one looks into the database.
    private static let recheckTime = Duration.seconds(10)
    /// Nodes read of new signing keys every second; one that has not for longer cannot call a key unknown.
    private static let keysKnownWithin = Duration.seconds(3)

    private let credentials: Credentials
    private let database: Database

    package init(credentials: Credentials, database: Database) {
        self.credentials = credentials
        self.database = database
    }

    /// - Throws: `Failure`; `AddressNotAllowed`; `RevocationList.Outdated` or `AccessTokens.NoKey` when nobody can be let in at the moment;
    ///   `PostgresError`.
    package func caller(of token: String, from address: IPAddress) async throws -> Caller {
        if let caller = try known(token, from: address) { return caller }
        return try await verified(token, from: address)
    }

    /// The answer from memory, without a look at signature or database. This is on the way of every request.
    /// - Returns: nil when there is none.
    package func known(
        _ token: String, from address: IPAddress, at now: ContinuousClock.Instant = .now
    ) throws -> Caller? {
        guard token.utf8.count <= Self.longestToken else { throw Failure.invalidToken }
        let generation = try credentials.revocations.generation(at: now)
        let digest = TokenDigest(of: token)
        guard var entry = credentials.cache[digest] else { return nil }
        let credential = entry.credential
        guard !credential.isExpired(at: credentials.clock.now),
            entry.generation == generation || !isRevoked(credential)
        else {
            credentials.cache.remove(digest)
            throw Failure.invalidToken
        }
        let isToRecheck = entry.recheckAt.map { $0 <= now } ?? false
        if isToRecheck { entry.recheckAt = now + Self.recheckTime }
        if isToRecheck || entry.generation != generation {
            entry.generation = generation
            credentials.cache.set(digest, entry)
        }
        return isToRecheck ? nil : try admit(credential, from: address)
    }

    /// Looks at the token itself, or for the key in the database.
    package func verified(_ token: String, from address: IPAddress) async throws -> Caller {
        // Before anything is read: what is revoked from here on makes the number another one.
        let generation = try credentials.revocations.generation()
        let digest = TokenDigest(of: token)
        let isKey = token.hasPrefix(APIKeySecret.prefix)
        let credential = isKey ? try await grant(of: token) : try verified(accessToken: token)
        guard let credential, !credential.isExpired(at: credentials.clock.now), !isRevoked(credential) else {
            credentials.cache.remove(digest)
            throw Failure.invalidToken
        }
        credentials.cache.set(
            digest,
            CredentialCache.Entry(
                credential: credential, generation: generation,
                recheckAt: isKey ? .now + Self.recheckEvery : nil))
        return try admit(credential, from: address)
    }

    private func isRevoked(_ credential: Credential) -> Bool {
        credentials.revocations.isRevoked(credential.subjects, issuedAt: credential.issuedAt)
    }

    private func admit(_ credential: Credential, from address: IPAddress) throws -> Caller {
        let caller = credential.caller
        guard credential.isAllowed(from: address) else { throw AddressNotAllowed(caller: caller) }
        if case .apiKey(let id) = caller.identity, let tenant = caller.tenant {
            credentials.uses.note(id, of: tenant, at: credentials.clock.now)
        }
        return caller
    }

    /// - Returns: nil when the token is not valid.
    private func verified(accessToken token: String) throws -> Credential? {
        do {
            return try credentials.tokens.verified(token, at: credentials.clock.now)
        } catch AccessTokens.Invalid.unknownKey {
            guard credentials.revocations.isFresh(within: Self.keysKnownWithin) else {
                throw RevocationList.Outdated()
            }
            return nil
        } catch is AccessTokens.Invalid {
            return nil
        }
    }

    private func grant(of token: String) async throws -> Credential? {
        guard let secret = APIKeySecret(token) else { return nil }
        return try await database.lookUp { tx in
            try await APIKeyGrant.find(secret, in: tx)
        }?.credential
    }
}
