import Platform
import Tenancy

/// Checks e-mail and password. Whether there is an account with the e-mail shows neither in the answer nor in the time
/// that it takes: one look-up, one hash (a reference for an account that does not exist) and the same statements in
/// either case.
///
/// Nothing is held while a hash is made: what the check was based on is compared again, under lock, by whoever acts
/// upon it (`Account.lock`).
///
/// Failures are noted in the platform's trail, not in a tenant's: an e-mail may be of several tenants or of none, and
/// to tell them apart takes time.
package struct SignIn: Sendable {
    /// Unknown account or wrong password; which of the two, nobody learns.
    package struct WrongCredentials: Error {}

    private let database: Database
    private let passwords: Passwords
    private let trail: AuditTrail

    package init(database: Database, passwords: Passwords, trail: AuditTrail) {
        self.database = database
        self.passwords = passwords
        self.trail = trail
    }

    /// - Returns: the account, with the hash that its password now has.
    /// - Throws: `WrongCredentials`, `SignInThrottle.Shut`, `Passwords.Busy`
    package func check(
        email: String, password: String, address: IPAddress, origin: RequestOrigin
    ) async throws -> Account.Credentials {
        try await check(
            password, email: email, address: address, caller: .stranger, origin: origin,
            action: .signIn)
    }

    /// Checks the password of somebody who is signed in. Wrong ones count as failed sign-ins.
    /// - Parameter action: as which a failure is noted.
    package func check(
        _ password: String, email: String, address: IPAddress, caller: Caller, origin: RequestOrigin,
        action: AuditAction
    ) async throws -> Account.Credentials {
        let throttle = SignInThrottle(email: email, address: address)
        let (admission, known) = try await database.writePlatform { tx in
            let admission = try await throttle.admit(in: tx)
            return (admission, try await Account.credentials(of: email, in: tx))
        }
        let hash = known.flatMap { PasswordHash(phc: $0.passwordHash) }
        let isRight: Bool
        do {
            isRight = try await passwords.check(password, against: hash)
        } catch {
            try await database.writePlatform { tx in try await throttle.withdraw(admission, in: tx) }
            throw error
        }
        guard isRight, let known, let hash else {
            let event = AuditEvent(
                action, of: AuditTarget(type: "email", id: EmailAddress.folded(email)), outcome: .failure)
            try await database.writePlatform { tx in
                try await throttle.fail(admission, in: tx)
                try await trail.record(event, by: caller, from: origin, in: tx)
            }
            throw WrongCredentials()
        }
        if admission.isRemembered {
            try await database.writePlatform { tx in try await throttle.succeed(admission, in: tx) }
        }
        guard passwords.needsRehash(hash) else { return known }
        return try await rehashed(known, password)
    }

    /// Notes in the platform's trail what became of a sign-in whose password was right.
    package func note(_ event: AuditEvent, from origin: RequestOrigin) async throws {
        try await database.writePlatform { tx in
            try await trail.record(event, by: .stranger, from: origin, in: tx)
        }
    }

    /// Made with other parameters than are used now: makes the hash anew while the password is at hand. When the
    /// threads are busy, the next sign-in will do. When another sign-in did so meanwhile, that hash is the account's;
    /// when it was the password that changed, this one is wrong.
    private func rehashed(_ known: Account.Credentials, _ password: String) async throws
        -> Account.Credentials
    {
        guard let new = try? await passwords.hash(password) else { return known }
        let id = known.account.id
        let isSet = try await database.writePlatform { tx in
            try await Account.setPassword(of: id, from: known.passwordHash, to: new, in: tx)
        }
        if isSet { return Account.Credentials(account: known.account, passwordHash: new.phc) }
        let now = try await database.readPlatform { tx in
            try await Account.credentials(of: known.account.email, in: tx)
        }
        guard let now, try await passwords.check(password, against: PasswordHash(phc: now.passwordHash))
        else {
            throw WrongCredentials()
        }
        return now
    }
}
