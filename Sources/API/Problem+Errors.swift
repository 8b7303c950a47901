import Auth
import Platform
import Tenancy

/// The one place where errors of the modules below become what a client sees.
extension Problem {
    /// nil for an error that no client caused and none can mend.
    init?(from error: any Error) {
        switch error {
        case let fault as UpdateHead.Fault: self = .update(fault)
        case UpdateAppender.Fault.invalidPayload: self = .update(.notJSON)
        case UpdateAppender.Fault.overloaded: self = .unavailable()
        case is AccessTokens.NoKey, is RevocationList.Outdated: self = .unavailable()
        case is Admin.LastOwner:
            self.init(409, "last_owner", "A tenant always has an owner, and this is the last one")
        case let error as PostgresError where error.isPassing: self = .unavailable()
        case is SignIn.WrongCredentials, Sessions.Refusal.passwordChanged: self = .wrongCredentials
        case let shut as SignInThrottle.Shut: self = .rateLimited(retryAfter: shut.retryAfter)
        case is Passwords.Busy: self = .unavailable(retryAfter: Passwords.Busy.retryAfter)
        case Sessions.Refusal.notAdmin:
            self = Problem(403, "forbidden", "You are no admin there")
        case Sessions.Refusal.tenantSuspended:
            self = Problem(403, "tenant_suspended", "The tenant is suspended")
        case let error as PostgresError where error.violates("admin_once"):
            self = Problem(409, "already_admin", "This person is an admin of the tenant already")
        default: return nil
        }
    }

    private static let wrongCredentials = Problem(
        401, "invalid_credentials", "The e-mail or the password is wrong",
        headers: ["WWW-Authenticate": "Bearer realm=\"rookery\""])

    private static func update(_ fault: UpdateHead.Fault) -> Problem {
        switch fault {
        case .notJSON: .badRequest("invalid_json", "The body is not JSON")
        case .notAnObject: .badRequest("invalid_update", "An update is a JSON object")
        case .noUpdateID: .badRequest("invalid_update", "An update has an update_id, a 64-bit integer")
        }
    }
}

extension PostgresError {
    /// Whether the same request may well succeed later.
    fileprivate var isPassing: Bool {
        switch self {
        case .unavailable, .connectionLost, .poolExhausted, .timedOut, .cancelled: true
        // Out of connections or memory, starting up or shutting down, locked, in a deadlock; or no partition for
        // today yet.
        case .server(let error):
            error.isMissingPartition
                || ["53", "57", "08", "55", "40"].contains { error.sqlState.hasPrefix($0) }
        case .decoding, .missingColumn, .unexpectedResult: false
        }
    }
}
