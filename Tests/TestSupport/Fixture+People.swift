import Auth
import FoundationEssentials
import Platform
import Tenancy

/// Somebody who is an admin of a tenant, or a platform admin, and has signed in. Made by hand: without a password.
package struct Person: Sendable {
    package let account: ID<Account>
    /// nil, as tenant and role are, for a platform admin.
    package let admin: ID<Admin>?
    package let tenant: ID<Tenant>?
    package let role: Role?
    package let session: ID<Session>
    package let email: String

    /// Whom a token for this person is for, issued at a moment.
    package func subject(issuedAt: Timestamp) -> AccessTokens.Subject {
        AccessTokens.Subject(
            account: account, admin: admin, tenant: tenant, role: role, session: session, issuedAt: issuedAt)
    }
}

extension Fixture {
    /// An admin with an account and a session of its own.
    package func admin(in tenant: Tenant, role: Role = .owner) async throws -> Person {
        let person = person(admin: ID(), tenant: tenant.id, role: role)
        try await insertAccount(of: person, isPlatformAdmin: false)
        _ = try await superuser.withConnection { connection in
            try await connection.execute(
                """
                INSERT INTO admin (tenant_id, id, account_id, email, name, role)
                VALUES (\(tenant.id), \(person.admin), \(person.account), \(person.email), 'Ada', \(role))
                """)
        }
        try await insertSession(of: person)
        return person
    }

    package func platformAdmin() async throws -> Person {
        let person = person(admin: nil, tenant: nil, role: nil)
        try await insertAccount(of: person, isPlatformAdmin: true)
        try await insertSession(of: person)
        return person
    }

    /// By the database's clock, as tokens are dated.
    package func databaseTime() async throws -> Timestamp {
        try await superuser.withConnection { connection in
            try await connection.value("SELECT clock_timestamp()", as: Timestamp.self) ?? .now
        }
    }

    /// An API key and the row about it.
    package func apiKey(
        in tenant: Tenant, _ permissions: [Permission] = Permission.allCases,
        allowedAddresses: [AddressRange]? = nil, expiresAt: Timestamp? = nil
    ) async throws -> (secret: String, key: APIKey) {
        let secret = APIKeySecret()
        let key = try await database.write(tenant.id) { tx in
            try await APIKey.create(
                APIKey.New(
                    name: "Program", permissions: permissions, allowedAddresses: allowedAddresses,
                    expiresAt: expiresAt), secret: secret, by: "admin_test", in: tx)
        }
        return (secret.text, key)
    }

    private func person(admin: ID<Admin>?, tenant: ID<Tenant>?, role: Role?) -> Person {
        let account = ID<Account>()
        return Person(
            account: account, admin: admin, tenant: tenant, role: role, session: ID(),
            email: "\(account.suffix)@example.com")
    }

    private func insertAccount(of person: Person, isPlatformAdmin: Bool) async throws {
        _ = try await superuser.withConnection { connection in
            try await connection.execute(
                """
                INSERT INTO account (id, email, email_folded, name, password_hash, is_platform_admin)
                VALUES (\(person.account), \(person.email), \(person.email), 'Ada', '$scrypt$none', \(isPlatformAdmin))
                """)
        }
    }

    private func insertSession(of person: Person) async throws {
        _ = try await superuser.withConnection { connection in
            try await connection.execute(
                """
                INSERT INTO session (id, account_id, tenant_id, admin_id, address, created_at, last_used_at, expires_at)
                VALUES (\(person.session), \(person.account), \(person.tenant), \(person.admin), '127.0.0.1',
                    clock_timestamp(), clock_timestamp(), clock_timestamp() + interval '60 days')
                """)
        }
    }
}
