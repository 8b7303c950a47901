import Auth
import Platform
import Tenancy

/// Platform admins as the operator makes them, which the audit trail says.
struct PlatformAdmins: Sendable {
    private let database: Database
    private let trail: AuditTrail

    init(database: Database, box: SecretBox) {
        self.database = database
        trail = AuditTrail(database: database, box: box)
    }

    /// Makes an account that is there a platform admin.
    /// - Returns: nil when there is none with this e-mail.
    func promote(_ email: String) async throws -> ID<Account>? {
        try await database.writePlatform { tx in
            guard let known = try await Account.credentials(of: email, in: tx)?.account else { return nil }
            if !known.isPlatformAdmin {
                try await known.makePlatformAdmin(in: tx)
                try await note(known.id, in: tx)
            }
            return known.id
        }
    }

    func create(_ email: String, name: String, password: PasswordHash) async throws -> ID<Account> {
        try await database.writePlatform { tx in
            let account = try await Account.create(
                email: email, name: name, password: password, isPlatformAdmin: true, in: tx)
            try await note(account.id, in: tx)
            return account.id
        }
    }

    private func note(_ account: ID<Account>, in tx: PlatformTransaction) async throws {
        try await trail.record(
            AuditEvent(.platformAdminCreate, of: AuditTarget(account)), by: .operator, from: .commandLine,
            in: tx)
    }
}
