import Auth
import Platform
import Tenancy

extension Fixture {
    /// Enough to tell a right password from a wrong one, where it is not hashing that is tried.
    package static let passwordCost = PasswordHash.Cost(logN: 4, r: 8, p: 1)
    package static let password = "seven crows on a wire"

    /// A person, with `password`.
    package func account(
        _ email: String = "ada@example.com", name: String = "Ada", password: String = Fixture.password,
        cost: PasswordHash.Cost = passwordCost, isPlatformAdmin: Bool = false
    ) async throws -> Account {
        let hash = try PasswordHash(of: password, cost: cost)
        return try await database.writePlatform { tx in
            try await Account.create(
                email: email, name: name, password: hash, isPlatformAdmin: isPlatformAdmin, in: tx)
        }
    }

    @discardableResult
    package func admin(_ account: Account, as role: Role = .owner, in tenant: Tenant) async throws -> ID<
        Admin
    > {
        try await database.writePlatform { tx in
            try await Admin.create(for: account, as: role, in: tenant.id, tx)
        }
    }

    /// - Returns: the token.
    package func invitation(
        _ email: String = "ada@example.com", as role: Role = .support, into tenant: Tenant
    ) async throws -> String {
        try await database.write(tenant.id) { tx in
            try await Invitation.create(email: email, role: role, into: tenant.id, by: "", in: tx).token
        }
    }
}
