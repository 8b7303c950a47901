import Platform
import Tenancy

extension Account {
    /// An account with what its password is checked against.
    package struct Credentials: Sendable {
        package let account: Account
        /// A PHC string.
        package let passwordHash: String

        package init(account: Account, passwordHash: String) {
            self.account = account
            self.passwordHash = passwordHash
        }
    }

    /// By e-mail, however it is written.
    package static func credentials(of email: String, in tx: PlatformTransaction) async throws -> Credentials?
    {
        try await tx.first(
            "SELECT \(columns), password_hash FROM account WHERE email_folded = \(EmailAddress.folded(email))"
        )
    }

    package static func find(_ id: ID<Account>, in tx: PlatformTransaction) async throws -> Account? {
        try await tx.first("SELECT \(columns) FROM account WHERE id = \(id)")
    }

    /// - Throws: `PostgresError` that violates `account_email` when there is one with this e-mail.
    package static func create(
        email: String, name: String, password: PasswordHash, isPlatformAdmin: Bool = false,
        in tx: PlatformTransaction
    ) async throws -> Account {
        let account = try await tx.first(
            """
            INSERT INTO account (id, email, email_folded, name, password_hash, is_platform_admin)
            VALUES (\(ID<Account>()), \(email), \(EmailAddress.folded(email)), \(name), \(password.phc),
                \(isPlatformAdmin))
            RETURNING \(columns)
            """, as: Account.self)
        guard let account else { throw PostgresError.unexpectedResult("no row from INSERT") }
        return account
    }

    package func makePlatformAdmin(in tx: PlatformTransaction) async throws {
        try await tx.execute(
            "UPDATE account SET is_platform_admin = true, updated_at = clock_timestamp() WHERE id = \(id)")
    }

    /// - Parameter old: what the password was checked against.
    /// - Returns: false when the password has been changed meanwhile.
    package static func setPassword(
        of id: ID<Account>, from old: String, to new: PasswordHash, in tx: PlatformTransaction
    ) async throws -> Bool {
        try await tx.execute(
            """
            UPDATE account SET password_hash = \(new.phc), updated_at = clock_timestamp()
            WHERE id = \(id) AND password_hash = \(old)
            """) == 1
    }

    /// Takes the row until the transaction ends: the password stays what it is.
    /// - Returns: false when it is another than the one checked.
    package static func lock(
        _ id: ID<Account>, withPassword hash: String, in tx: PlatformTransaction
    ) async throws -> Bool {
        try await tx.value(
            "SELECT password_hash = \(hash) FROM account WHERE id = \(id) FOR SHARE", as: Bool.self)
            ?? false
    }
}

extension Account.Credentials: RowDecodable {
    package init(row: inout Row) throws {
        account = try Account(row: &row)
        passwordHash = try row.next()
    }
}
