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
        default: return nil
        }
    }

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
        // Out of connections or memory, starting up or shutting down, locked; or no partition for today yet.
        case .server(let error):
            error.isMissingPartition || ["53", "57", "08", "55"].contains { error.sqlState.hasPrefix($0) }
        case .decoding, .missingColumn, .unexpectedResult: false
        }
    }
}
