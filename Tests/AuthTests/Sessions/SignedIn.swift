import Auth
import Platform
import Tenancy
import TestSupport

/// An owner who has just signed in.
struct SignedIn: Sendable {
    let fixture: Fixture
    let sessions: Sessions
    let tenant: Tenant
    let account: Account
    let grant: Sessions.Grant

    static func with(_ body: @escaping @Sendable (SignedIn) async throws -> Void) async throws {
        try await Fixture.with { fixture in try await body(SignedIn(fixture)) }
    }

    private init(_ fixture: Fixture) async throws {
        let credentials = Auth.Credentials(issuer: "urn:test", box: fixture.box, logger: fixture.logger)
        try await CredentialUpkeep(
            loop: fixture.loop, database: fixture.database, credentials: credentials, trail: fixture.trail,
            logger: fixture.logger
        ).refresh()
        let sessions = Sessions(tokens: credentials.tokens, box: fixture.box, trail: fixture.trail)
        let tenant = try await fixture.tenant()
        let account = try await fixture.account()
        try await fixture.admin(account, in: tenant)
        grant = try await fixture.database.writePlatform { tx in
            guard let known = try await Account.credentials(of: account.email, in: tx) else {
                throw TimedOut("an account")
            }
            return try await sessions.begin(for: known, in: tenant.id, from: .commandLine, tx)
        }
        self.fixture = fixture
        self.sessions = sessions
        self.tenant = tenant
        self.account = account
    }

    /// nil: refused.
    func renew(_ token: RefreshToken) async throws -> Sessions.Grant? {
        try await fixture.database.writePlatform { tx in
            switch try await sessions.renew(token, from: .commandLine, in: tx) {
            case .granted(let grant): return grant
            case .invalid: return nil
            }
        }
    }

    func isLive() async throws -> Bool {
        try await fixture.superuser.withConnection { connection in
            try await connection.value(
                "SELECT revoked_at IS NULL FROM session WHERE id = \(grant.session)", as: Bool.self)
        } ?? false
    }

    func revocations() async throws -> [ID<Session>] {
        try await fixture.superuser.withConnection { connection in
            try await connection.values("SELECT subject_id FROM revocation", as: ID<Session>.self)
        }
    }
}
