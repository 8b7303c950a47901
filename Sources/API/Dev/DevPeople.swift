import Auth
import Platform
import Tenancy

/// Who may use what `rookery dev` has made: the demo tenant's owner, a platform admin, and a key with all of an
/// owner's permissions.
struct DevPeople: Sendable {
    struct Person: Sendable {
        let email: String
        let password: String
    }

    let tenant: Tenant
    let owner: Person
    let platformAdmin: Person
    let apiKey: String
}

/// Makes or finds them, each only when it is missing. What the data folder says counts: a password that somebody has
/// changed is set again, so that what is printed is true.
struct DevPeopleMaker: Sendable {
    static let ownerEmail = "owner@demo.test"
    static let platformAdminEmail = "admin@demo.test"

    private let database: Database
    private let trail: AuditTrail
    private let blocking: BlockingPool
    private let folder: DevFolder

    init(settings: Settings, folder: DevFolder, runtime: Runtime) throws {
        database = try DatabasePools.make(settings, loop: runtime.loops[0], runtime: runtime)
        trail = AuditTrail(database: database, box: SecretBox(keyRing: settings.masterKey))
        blocking = runtime.blocking
        self.folder = folder
    }

    /// Must run on the first loop.
    func make() async throws -> DevPeople {
        let secrets = try await blocking.run { [folder] in try folder.secrets() }
        let tenant = try await tenant()
        let owner = DevPeople.Person(email: Self.ownerEmail, password: secrets.ownerPassword)
        let platformAdmin = DevPeople.Person(
            email: Self.platformAdminEmail, password: secrets.platformAdminPassword)
        let ownerAccount = try await account(of: owner, named: "Demo owner", isPlatformAdmin: false)
        _ = try await account(of: platformAdmin, named: "Demo platform admin", isPlatformAdmin: true)
        try await makeOwner(ownerAccount, of: tenant)
        try await makeKey(secrets.apiKey, by: ownerAccount, of: tenant)
        return DevPeople(
            tenant: tenant, owner: owner, platformAdmin: platformAdmin, apiKey: secrets.apiKey)
    }

    private func tenant() async throws -> Tenant {
        if let tenant = try await Tenant.find(slug: "demo", in: database) { return tenant }
        return try await database.writePlatform { tx in
            let tenant = try await Tenant.create(name: "Demo", limits: .none, in: tx)
            try await note(.created(tenant), for: tenant.id, in: tx)
            return tenant
        }
    }

    private func account(
        of person: DevPeople.Person, named name: String, isPlatformAdmin: Bool
    ) async throws -> Account {
        let known = try await database.readPlatform { tx in
            try await Account.credentials(of: person.email, in: tx)
        }
        let (isRight, hash) = try await blocking.run {
            let old = known.flatMap { PasswordHash(phc: $0.passwordHash) }
            if let old, old.matches(person.password) { return (true, old) }
            return (false, try PasswordHash(of: person.password))
        }
        return try await database.writePlatform { tx in
            guard let known else {
                let account = try await Account.create(
                    email: person.email, name: name, password: hash, isPlatformAdmin: isPlatformAdmin, in: tx)
                if isPlatformAdmin {
                    try await note(AuditEvent(.platformAdminCreate, of: AuditTarget(account.id)), in: tx)
                }
                return account
            }
            if !isRight {
                let isSet = try await Account.setPassword(
                    of: known.account.id, from: known.passwordHash, to: hash, in: tx)
                if isSet {
                    try await note(AuditEvent(.passwordChange, of: AuditTarget(known.account.id)), in: tx)
                }
            }
            return known.account
        }
    }

    private func makeOwner(_ account: Account, of tenant: Tenant) async throws {
        try await database.writePlatform { tx in
            let tenants = try await TenantChoice.all(of: account.id, in: tx)
            guard !tenants.contains(where: { $0.tenant == tenant.id }) else { return }
            let admin = try await Admin.create(for: account, as: .owner, in: tenant.id, tx)
            var changes = AuditChanges()
            changes.add("role", from: nil, to: Role.owner.rawValue)
            try await note(
                AuditEvent(.adminUpdate, of: AuditTarget(admin), changes: changes), for: tenant.id, in: tx)
        }
    }

    private func makeKey(_ text: String, by owner: Account, of tenant: Tenant) async throws {
        guard let secret = APIKeySecret(text) else { return }
        try await database.write(tenant.id) { tx in
            guard try await !APIKey.exists(secret, in: tx) else { return }
            let key = try await APIKey.create(
                APIKey.New(name: "Demo", permissions: Permission.allCases), secret: secret, by: "\(owner.id)",
                in: tx)
            try await note(AuditEvent(.apiKeyCreate, of: AuditTarget(key.id)), in: tx)
        }
    }

    private func note(
        _ event: AuditEvent, for tenant: ID<Tenant>? = nil, in tx: some DatabaseTransaction
    ) async throws {
        try await trail.record(event, by: .operator, from: .commandLine, for: tenant, in: tx)
    }
}
