import Auth
import Platform
import Tenancy

/// One node's knowledge of credentials on a fixture's database, refreshed when a test says so.
package struct TestNode: Sendable {
    package let credentials: Credentials
    package let upkeep: CredentialUpkeep
    package let authenticator: Authenticator

    /// Whom a bearer token stands for.
    package func caller(of token: String, from address: String = "192.0.2.1") async throws -> Caller {
        try await authenticator.caller(of: token, from: IPAddress(address)!)
    }
}

extension Fixture {
    /// - Parameter isLoaded: whether it has read the database already.
    package func node(
        box: SecretBox? = nil, isLoaded: Bool = true, verifiedAtMost: Int = 20_000
    ) async throws -> TestNode {
        let credentials = Credentials(
            issuer: AccessTokens.standardIssuer, box: box ?? self.box, logger: logger,
            verifiedAtMost: verifiedAtMost)
        let node = TestNode(
            credentials: credentials,
            upkeep: CredentialUpkeep(
                loop: loop, database: database, credentials: credentials, trail: trail, logger: logger),
            authenticator: Authenticator(credentials: credentials, database: database))
        if isLoaded { try await node.upkeep.refresh() }
        return node
    }

    /// An access token, as signing in gives it.
    package func token(for person: Person, by node: TestNode) async throws -> String {
        try node.credentials.tokens.issue(to: person.subject(issuedAt: try await databaseTime()))
    }
}
