import Platform

/// The database's schema, looked after as its owner.
struct Schema {
    let migrator: Migrator
    private let owner: PostgresConfiguration
    private let program: PostgresConfiguration?
    private let blocking: BlockingPool

    /// - Parameter databaseURL: when given, its role gets the password that it names.
    init(ownerURL: String, databaseURL: String?, runtime: Runtime) throws {
        owner = try PostgresConfiguration(url: ownerURL)
        program = try databaseURL.map { try PostgresConfiguration(url: $0) }
        blocking = runtime.blocking
        migrator = Migrator(
            configuration: owner, directory: try ProjectFiles.path(of: "migrations"),
            blocking: runtime.blocking,
            logger: runtime.logger)
    }

    /// - Throws: `Settings.Invalid` when DATABASE_OWNER_URL is not set.
    init(environment: [String: String], runtime: Runtime) throws {
        var reader = SettingsReader(environment: environment)
        let owner = reader.read(
            "DATABASE_OWNER_URL", isRequired: true,
            expected: "a postgres:// URL with the role that owns the tables",
            parse: Settings.postgresURL)
        let program = reader.read("DATABASE_URL", expected: "a postgres:// URL", parse: Settings.postgresURL)
        guard let owner, reader.faults.isEmpty else { throw Settings.Invalid(faults: reader.faults) }
        try self.init(ownerURL: owner, databaseURL: program, runtime: runtime)
    }

    /// Applies what is pending.
    @discardableResult
    func migrate() async throws -> [Migration] {
        let applied = try await migrator.up()
        try await setPassword()
        return applied
    }

    /// Migrations cannot know the password of rookery_app; DATABASE_URL does.
    private func setPassword() async throws {
        guard let program, program.user == "rookery_app", let password = program.password else { return }
        let statement: SQL = "ALTER ROLE rookery_app PASSWORD \(literal: password)"
        let owner = owner
        try await blocking.run {
            _ = try PostgresScriptConnection(owner).run(script: statement.text)
        }
    }

    /// The newest migration that comes with this program: what a database must have to be served.
    static func newestVersion() throws -> Int {
        try MigrationFolder(path: ProjectFiles.path(of: "migrations")).read().map(\.version).max() ?? 0
    }
}
