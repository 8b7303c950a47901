import Auth
import Platform
import Tenancy

/// `/v1/auth/login`, `/refresh` and `/logout`: sessions, from their beginning to their end.
struct Authentication {
    let signIn: SignIn
    let sessions: Sessions

    // MARK: Login

    private struct Login {
        let email: String
        let password: String
        let tenant: ID<Tenant>?

        init?(_ body: inout RequestBody) {
            let email = body.required("email", .email)
            let password = body.required("password", .secret(upTo: PasswordRules.length.upperBound))
            tenant = body.optional("tenant_id", .id(of: Tenant.self))
            guard let email, let password else { return nil }
            self.email = email
            self.password = password
        }
    }

    @Sendable func login(_ call: Call) async throws -> HTTPResponse {
        let login = try call.body(Login.init)
        let credentials = try await signIn.check(
            email: login.email, password: login.password, address: call.request.client, origin: call.origin)
        do {
            return try await call.writePlatform { tx in
                let tenant = try await choose(login.tenant, for: credentials.account, in: tx)
                return try await sessions.begin(for: credentials, in: tenant, from: call.origin, tx).response
            }
        } catch {
            try await signIn.noteRefusal(error, of: credentials.account, from: call.origin)
            throw error
        }
    }

    /// The tenant of the session to begin; nil for a platform admin's own.
    private func choose(
        _ wanted: ID<Tenant>?, for account: Account, in tx: PlatformTransaction
    ) async throws -> ID<Tenant>? {
        if let wanted { return wanted }
        if account.isPlatformAdmin { return nil }
        let choices = try await TenantChoice.all(of: account.id, in: tx)
        guard let first = choices.first else { throw Sessions.Refusal.notAdmin }
        guard choices.count == 1 else { throw Problem.tenantChoice(choices) }
        return first.tenant
    }

    // MARK: Refresh and logout

    @Sendable func refresh(_ call: Call) async throws -> HTTPResponse {
        let token = try call.body { body in body.required("refresh_token", .secret(upTo: 256)) }
        return try await call.writePlatform { tx in
            let renewal = try await sessions.renew(RefreshToken(text: token), from: call.origin, in: tx)
            switch renewal {
            case .granted(let grant): return grant.response
            // An answer, not an error: that the session has ended is to be committed.
            case .invalid:
                return Problem.unauthorized("invalid_token").response(requestID: call.request.id)
            }
        }
    }

    @Sendable func logout(_ call: Call) async throws -> HTTPResponse {
        let (account, session) = try call.person()
        return try await call.writePlatform { tx in
            try await OwnSessions.end(session, of: account, by: call, in: tx)
            return .noContent
        }
    }
}

extension SignIn {
    /// Notes that the password was right, and yet no session began.
    func noteRefusal(_ error: any Error, of account: Account, from origin: RequestOrigin) async throws {
        guard let problem = error as? Problem ?? Problem(from: error), problem.status < 500 else { return }
        try await note(AuditEvent(.signIn, of: AuditTarget(account.id), outcome: .denied), from: origin)
    }
}

extension Call {
    /// Who asks, on a route for people.
    func person() throws -> (account: ID<Account>, session: ID<Session>) {
        guard let account = caller.account, let session = caller.session else {
            throw Problem.peopleOnly
        }
        return (account, session)
    }
}

extension Problem {
    fileprivate static func tenantChoice(_ choices: [TenantChoice]) -> Problem {
        Problem(
            409, "tenant_required", "You are an admin of several tenants: name one as tenant_id",
            members: [("tenants", String(decoding: choices.json, as: UTF8.self))])
    }
}
