import Auth
import Platform
import Tenancy

/// `POST /v1/auth/invitations/accept`: through the open door, and signed in. Who has an account shows it by its
/// password; for others one is made.
struct InvitationAcceptance {
    let signIn: SignIn
    let passwords: Passwords
    let sessions: Sessions

    private struct Answer {
        let token: String
        let password: String
        let name: String?

        init?(_ body: inout RequestBody) {
            let token = body.required("token", .secret(upTo: 256))
            let password = body.required("password", .newPassword)
            name = body.optional("name", .text(1...200))
            guard let token, let password else { return nil }
            self.token = token
            self.password = password
        }
    }

    private enum Person {
        case known(Account.Credentials)
        case new(name: String, PasswordHash)
    }

    @Sendable func accept(_ call: Call) async throws -> HTTPResponse {
        let answer = try call.body(Answer.init)
        do {
            return try await accept(answer, call)
        } catch let error as PostgresError where error.violates("account_email") {
            // An account with the e-mail has just been made: now its password is the one that counts.
            return try await accept(answer, call)
        }
    }

    private func accept(_ answer: Answer, _ call: Call) async throws -> HTTPResponse {
        let found = try await call.readPlatform { tx -> (invitation: Invitation, hasAccount: Bool)? in
            let invitation = try await Invitation.find(token: answer.token, in: tx)
            guard let invitation, invitation.isOpen else { return nil }
            return (invitation, try await Account.credentials(of: invitation.email, in: tx) != nil)
        }
        guard let (invitation, hasAccount) = found else {
            // Not at once: to a repetition with an Idempotency-Key, the first answer is given.
            return try await call.writePlatform { _ in throw Problem.invalidInvitation }
        }
        // Hashing takes long: no transaction is open meanwhile.
        let person =
            hasAccount
            ? try await known(answer, invitation, call) : try await new(answer, invitation)
        do {
            return try await enter(invitation, person, call)
        } catch {
            if case .known(let credentials) = person {
                try await signIn.noteRefusal(error, of: credentials.account, from: call.origin)
            }
            throw error
        }
    }

    private func enter(
        _ invitation: Invitation, _ person: Person, _ call: Call
    ) async throws -> HTTPResponse {
        try await call.writePlatform { tx in
            guard try await invitation.accept(in: tx) else { throw Problem.invalidInvitation }
            let credentials = try await credentials(of: person, invitation, in: tx)
            try await Admin.create(
                for: credentials.account, as: invitation.role, in: invitation.tenant, tx)
            let grant = try await sessions.begin(
                for: credentials, in: invitation.tenant, from: call.origin, tx)
            var changes = AuditChanges()
            changes.add("role", from: nil, to: invitation.role.rawValue)
            try await call.record(
                AuditEvent(.invitationAccept, of: AuditTarget(invitation.id), changes: changes),
                by: grant.standing.caller(session: grant.session), for: invitation.tenant, in: tx)
            return grant.response
        }
    }

    private func known(_ answer: Answer, _ invitation: Invitation, _ call: Call) async throws -> Person {
        .known(
            try await signIn.check(
                email: invitation.email, password: answer.password, address: call.request.client,
                origin: call.origin))
    }

    private func new(_ answer: Answer, _ invitation: Invitation) async throws -> Person {
        guard let name = answer.name else {
            throw Problem.invalidField("/name", "required", "is required of somebody new")
        }
        try Problem.checkPassword(answer.password, of: invitation.email, at: "/password")
        return .new(name: name, try await passwords.hash(answer.password))
    }

    private func credentials(
        of person: Person, _ invitation: Invitation, in tx: PlatformTransaction
    ) async throws -> Account.Credentials {
        switch person {
        case .known(let credentials): return credentials
        case .new(let name, let hash):
            let account = try await Account.create(
                email: invitation.email, name: name, password: hash, in: tx)
            return Account.Credentials(account: account, passwordHash: hash.phc)
        }
    }
}

extension Problem {
    fileprivate static let invalidInvitation = Problem(
        400, "invalid_invitation", "The invitation is unknown, used or expired")
}
