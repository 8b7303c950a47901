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

    /// From now on the door that failed sign-ins shut stays shut for a thousand times as long: longer than any test.
    package func slowDoor() async throws {
        try await testDatabase.run(
            script: """
                CREATE FUNCTION slow_door() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    NEW.blocked_until := NEW.last_at + 1000 * (NEW.blocked_until - NEW.last_at);
                    RETURN NEW;
                END $$;
                CREATE TRIGGER slow_door BEFORE UPDATE ON sign_in_failure FOR EACH ROW
                    WHEN (NEW.failures > OLD.failures) EXECUTE FUNCTION slow_door()
                """)
    }

    /// From now on a refresh token that is used may be used again for an hour, not for ten seconds.
    package func lengthenGrace() async throws {
        try await testDatabase.run(
            script: """
                CREATE FUNCTION lengthen_grace() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    NEW.used_at := NEW.used_at + interval '1 hour';
                    RETURN NEW;
                END $$;
                CREATE TRIGGER lengthen_grace BEFORE UPDATE ON refresh_token FOR EACH ROW
                    WHEN (OLD.used_at IS NULL) EXECUTE FUNCTION lengthen_grace()
                """)
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
