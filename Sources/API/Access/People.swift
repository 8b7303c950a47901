import Auth
import Platform
import Tenancy

/// How people come in, on one event loop.
struct People: Sendable {
    let authentication: Authentication
    let password: OwnPassword
    let acceptance: InvitationAcceptance

    init(database: Database, passwords: Passwords, sessions: Sessions, trail: AuditTrail) {
        let signIn = SignIn(database: database, passwords: passwords, trail: trail)
        authentication = Authentication(signIn: signIn, sessions: sessions)
        password = OwnPassword(signIn: signIn, passwords: passwords)
        acceptance = InvitationAcceptance(signIn: signIn, passwords: passwords, sessions: sessions)
    }
}
