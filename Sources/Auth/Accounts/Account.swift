import Platform

/// A person of the platform: an e-mail and a password. What the person may do is said by the admins that the account
/// is, one in each tenant, and by whether it is a platform admin.
package struct Account: Sendable, Identified {
    package static let prefix = "account"

    package let id: ID<Account>
    package let email: String
    package let name: String
    package let isPlatformAdmin: Bool
}

extension Account: RowDecodable {
    static let columns: SQL = "id, email, name, is_platform_admin"

    package init(row: inout Row) throws {
        id = try row.next()
        email = try row.next()
        name = try row.next()
        isPlatformAdmin = try row.next()
    }
}
