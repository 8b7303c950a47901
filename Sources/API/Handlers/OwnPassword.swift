import Auth
import Platform
import Tenancy

/// `PUT /v1/auth/password`: another password, after which the person is signed in nowhere else.
struct OwnPassword {
    let signIn: SignIn
    let passwords: Passwords

    private struct Change {
        let current: String
        let new: String

        init?(_ body: inout RequestBody) {
            let current = body.required("current_password", .secret(upTo: PasswordRules.length.upperBound))
            let new = body.required("new_password", .newPassword)
            guard let current, let new else { return nil }
            self.current = current
            self.new = new
        }
    }

    @Sendable func change(_ call: Call) async throws -> HTTPResponse {
        let (account, session) = try call.person()
        let change = try call.body(Change.init)
        let known = try await call.readPlatform { tx in try await Account.find(account, in: tx) }
        guard let known else { throw Problem.unauthorized("invalid_token") }
        try Problem.checkPassword(change.new, of: known.email, at: "/new_password")
        let checked: Account.Credentials
        do {
            checked = try await signIn.check(
                change.current, email: known.email, address: call.request.client, caller: call.caller,
                origin: call.origin, action: .passwordChange)
        } catch is SignIn.WrongCredentials {
            throw Self.wrong
        }
        let hash = try await passwords.hash(change.new)
        return try await call.writePlatform { tx in
            guard
                try await Account.setPassword(of: account, from: checked.passwordHash, to: hash, in: tx)
            else { throw Self.wrong }
            try await Session.endAll(of: account, except: session, in: tx)
            var changes = AuditChanges()
            changes.addSecret("password")
            try await call.record(
                AuditEvent(.passwordChange, of: AuditTarget(account), changes: changes), in: tx)
            return .noContent
        }
    }

    private static let wrong = Problem.invalidField("/current_password", "wrong", "is not your password")
}

extension Field where Value == String {
    /// What may be too long is still to be read, to be told so.
    static var newPassword: Field { .secret(upTo: 1 << 20) }
}

extension Problem {
    /// - Parameter pointer: the field that the password stands in.
    static func checkPassword(_ password: String, of email: String, at pointer: String) throws {
        do {
            try PasswordRules.check(password, email: email)
        } catch {
            throw Problem.invalidField(pointer, error.rawValue, error.explanation)
        }
    }
}
