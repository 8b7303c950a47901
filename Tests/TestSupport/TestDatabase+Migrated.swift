import Platform

extension TestDatabase {
    /// The project's own migrations.
    package static var migrationFolder: String {
        let here = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return here.dropLast(3).joined(separator: "/") + "/migrations"
    }

    /// A database with the schema of the project's migrations and nothing in it.
    package static func migrated() async throws -> TestDatabase {
        let checksums = try MigrationFolder(path: migrationFolder).read().map(\.checksum)
        return try await create(version: checksums.joined(separator: ",")) { configuration in
            let blocking = try BlockingPool(threads: 1)
            defer { blocking.stop() }
            let migrator = Migrator(
                configuration: configuration, directory: migrationFolder, blocking: blocking,
                logger: Logger(minimum: .error))
            _ = try await migrator.up()
            // Roles belong to the server and suites run at the same time: always the same password.
            _ = try await blocking.run {
                try PostgresScriptConnection(configuration).run(
                    script: "ALTER ROLE rookery_app PASSWORD '\(programPassword)'")
            }
        }
    }

    package static let programPassword = "rookery-test"

    /// As the program connects: with the role rookery_app.
    package func programURL() throws -> String {
        let url = try Self.administrationURL()
        guard let at = url.lastIndex(of: "@"), let slash = url.lastIndex(of: "/"), at < slash else {
            throw NoServer()
        }
        return "postgresql://rookery_app:\(Self.programPassword)\(url[at..<slash])/\(name)"
    }

    /// A superuser's, on this database.
    package func ownerURL() throws -> String {
        let url = try Self.administrationURL()
        guard let slash = url.lastIndex(of: "/") else { throw NoServer() }
        return "\(url[..<slash])/\(name)"
    }
}
