/// Brings a database to the state that the migration files describe, and back.
///
/// The table `schema_migration` holds what is applied. Everything runs under an advisory lock, so that several
/// nodes may try at the same time, and each migration in a transaction of its own. A file that was changed or
/// removed after it was applied is refused before anything runs.
package struct Migrator: Sendable {
    package struct Status: Sendable, Equatable {
        package enum State: String, Sendable { case applied, pending, changed, missing }
        package let version: Int
        package let name: String
        package let state: State
        /// As PostgreSQL writes it, in UTC.
        package let appliedAt: String?
    }

    private struct Applied {
        let version: Int
        let name: String
        let checksum: String
        let appliedAt: String
    }

    /// "rookery" in ASCII: any number will do, if it stays the same.
    private static let lockKey = 0x726F_6F6B_6572_79

    private let configuration: PostgresConfiguration
    private let folder: MigrationFolder
    private let blocking: BlockingPool
    private let logger: Logger

    /// - Parameter configuration: the owner's: it makes tables and roles.
    package init(
        configuration: PostgresConfiguration, directory: String, blocking: BlockingPool, logger: Logger
    ) {
        self.configuration = configuration
        self.folder = MigrationFolder(path: directory)
        self.blocking = blocking
        self.logger = logger
    }

    /// Applies every pending migration.
    /// - Returns: those that were applied now.
    /// - Throws: `MigrationError`, `PostgresError` or `PostgresScriptConnection.ConnectFailure`.
    @discardableResult
    package func up() async throws -> [Migration] {
        try await locked { connection, migrations in
            let applied = try Self.applied(connection)
            try Self.check(applied, against: migrations)
            let pending = migrations.filter { migration in !applied.contains { $0.version == migration.version } }
            if let first = pending.first, let last = applied.last, first.version < last.version {
                throw MigrationError.outOfOrder(file: first.fileName, applied: last.version)
            }
            for migration in pending {
                try Self.run(migration.up, of: migration, connection) {
                    try connection.run(
                        "INSERT INTO schema_migration (version, name, checksum) VALUES ($1, $2, $3)",
                        ["\(migration.version)", migration.name, migration.checksum])
                }
                logger.info("Applied a migration", ["file": migration.fileName])
            }
            return pending
        }
    }

    /// Takes back the last `count` applied migrations, the last one first.
    /// - Returns: those that were taken back.
    @discardableResult
    package func down(_ count: Int = 1) async throws -> [Migration] {
        try await locked { connection, migrations in
            let applied = try Self.applied(connection)
            try Self.check(applied, against: migrations)
            let last = applied.suffix(max(0, count)).reversed().compactMap { entry in
                migrations.first { $0.version == entry.version }
            }
            for migration in last {
                try Self.run(migration.down, of: migration, connection) {
                    try connection.run("DELETE FROM schema_migration WHERE version = $1", ["\(migration.version)"])
                }
                logger.info("Took a migration back", ["file": migration.fileName])
            }
            return last
        }
    }

    /// Every migration known to the files or to the database, by version. Changes nothing.
    package func status() async throws -> [Status] {
        let (configuration, folder) = (configuration, folder)
        return try await blocking.run {
            let migrations = try folder.read()
            let connection = try PostgresScriptConnection(configuration)
            let isThere = try connection.run(script: "SELECT to_regclass('schema_migration')")[0][0] != nil
            let applied = isThere ? try Self.applied(connection) : []
            let fromFiles = migrations.map { migration in
                let entry = applied.first { $0.version == migration.version }
                let state: Status.State =
                    entry.map { $0.checksum == migration.checksum ? .applied : .changed } ?? .pending
                return Status(
                    version: migration.version, name: migration.name, state: state, appliedAt: entry?.appliedAt)
            }
            let missing = applied.filter { entry in !migrations.contains { $0.version == entry.version } }.map {
                Status(version: $0.version, name: $0.name, state: .missing, appliedAt: $0.appliedAt)
            }
            return (fromFiles + missing).sorted { $0.version < $1.version }
        }
    }

    // MARK: On a thread of the blocking pool

    private func locked<T: Sendable>(
        _ body: @escaping @Sendable (PostgresScriptConnection, [Migration]) throws -> T
    ) async throws -> T {
        let (configuration, folder) = (configuration, folder)
        return try await blocking.run {
            let migrations = try folder.read()
            let connection = try PostgresScriptConnection(configuration)
            // The lock goes with the connection.
            try connection.run(script: "SET lock_timeout = '60s'; SELECT pg_advisory_lock(\(Self.lockKey))")
            try connection.run(
                script: """
                    SET lock_timeout = 0;
                    CREATE TABLE IF NOT EXISTS schema_migration (
                        version int PRIMARY KEY,
                        name text NOT NULL,
                        checksum text NOT NULL,
                        applied_at timestamptz NOT NULL DEFAULT now()
                    )
                    """)
            return try body(connection, migrations)
        }
    }

    private static func applied(_ connection: PostgresScriptConnection) throws -> [Applied] {
        try connection.run(script: "SELECT version, name, checksum, applied_at FROM schema_migration ORDER BY version")
            .map { row in
                Applied(
                    version: row[0].flatMap { Int($0) } ?? 0, name: row[1] ?? "", checksum: row[2] ?? "",
                    appliedAt: row[3] ?? "")
            }
    }

    private static func check(_ applied: [Applied], against migrations: [Migration]) throws {
        for entry in applied {
            guard let migration = migrations.first(where: { $0.version == entry.version }) else {
                throw MigrationError.missing(file: Migration.fileName(entry.version, entry.name))
            }
            guard migration.checksum == entry.checksum else { throw MigrationError.changed(file: migration.fileName) }
        }
    }

    private static func run(
        _ script: String, of migration: Migration, _ connection: PostgresScriptConnection,
        recording: () throws -> Void
    ) throws {
        do {
            try connection.run(script: "BEGIN")
            try connection.run(script: script)
            guard connection.isInsideTransaction else {
                throw MigrationError.endsTransaction(file: migration.fileName)
            }
            try recording()
            try connection.run(script: "COMMIT")
        } catch PostgresError.server(let error) {
            _ = try? connection.run(script: "ROLLBACK")
            throw MigrationError.failed(file: migration.fileName, reason: "\(error.sqlState): \(error.message)")
        }
    }
}
