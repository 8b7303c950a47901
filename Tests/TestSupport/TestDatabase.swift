import FoundationEssentials
import Glibc
import Platform

/// A database of a test suite's own, on the server that `ROOKERY_TEST_DATABASE_URL` names (as a superuser).
/// Dropped with `drop()`; what a crashed run leaves behind goes with the server.
package struct TestDatabase: Sendable {
    package struct NoServer: Error, CustomStringConvertible {
        package let description = "set ROOKERY_TEST_DATABASE_URL to a superuser's URL; script/test does"
    }

    /// A superuser's, on this database.
    package let configuration: PostgresConfiguration
    package let name: String
    private let administration: PostgresConfiguration
    private let blocking: BlockingPool

    /// A superuser's, on the server's own database.
    package static func administration() throws -> PostgresConfiguration {
        try patient(PostgresConfiguration(url: administrationURL()))
    }

    /// With time enough for a machine that has other things to do.
    static func patient(_ configuration: PostgresConfiguration) -> PostgresConfiguration {
        var configuration = configuration
        configuration.connectTimeout = .seconds(60)
        configuration.statementTimeout = .seconds(60)
        return configuration
    }

    static func administrationURL() throws -> String {
        guard let url = getenv("ROOKERY_TEST_DATABASE_URL") else { throw NoServer() }
        return String(cString: url)
    }

    /// An empty database.
    package static func create() async throws -> TestDatabase { try await clone(template: "template0") }

    /// A copy of a template that `prepare` fills, once for a server and `version`: suites that ask at the same
    /// time, in this process or another, wait for the first.
    /// - Parameter version: tells templates apart, such as a checksum of the migrations.
    package static func create(
        version: String, prepare: @Sendable (PostgresConfiguration) async throws -> Void
    ) async throws -> TestDatabase {
        let blocking = try BlockingPool(threads: 1)
        defer { blocking.stop() }
        let administration = try administration()
        let template = "rookery_template_\(version.utf8.reduce(UInt64(5381)) { $0 &* 33 &+ UInt64($1) })"
        let lock = try await blocking.run { try TemplateLock(administration, template) }
        defer { lock.release() }
        let isThere = try await blocking.run {
            try !PostgresScriptConnection(administration)
                .run("SELECT 1 FROM pg_database WHERE datname = $1", [template]).isEmpty
        }
        if !isThere {
            // Under its final name only when complete: a run that dies half-way leaves no broken template.
            let draft = try await clone(template: "template0")
            try await prepare(draft.configuration)
            _ = try await blocking.run {
                try PostgresScriptConnection(administration)
                    .run(script: "ALTER DATABASE \"\(draft.name)\" RENAME TO \"\(template)\"")
            }
        }
        return try await clone(template: template)
    }

    package func drop() async {
        let (administration, name) = (administration, name)
        _ = try? await blocking.run {
            try PostgresScriptConnection(administration).run(
                script: "DROP DATABASE IF EXISTS \"\(name)\" WITH (FORCE)")
        }
        blocking.stop()
    }

    /// Runs a script as a superuser.
    @discardableResult
    package func run(script: String) async throws -> [[String?]] {
        let configuration = configuration
        return try await blocking.run { try PostgresScriptConnection(configuration).run(script: script) }
    }

    private static func clone(template: String) async throws -> TestDatabase {
        let blocking = try BlockingPool(threads: 1)
        let administration = try administration()
        let name = "rookery_test_" + UUID().uuidString.lowercased().replacing("-", with: "")
        _ = try await blocking.run {
            try PostgresScriptConnection(administration)
                .run(script: "CREATE DATABASE \"\(name)\" TEMPLATE \"\(template)\"")
        }
        var configuration = administration
        configuration.database = name
        return TestDatabase(
            configuration: configuration, name: name, administration: administration, blocking: blocking)
    }
}

/// Held until released. `@unchecked Sendable`: the connection is only kept, and used by one thread at a time.
private final class TemplateLock: @unchecked Sendable {
    private let connection: PostgresScriptConnection

    init(_ administration: PostgresConfiguration, _ template: String) throws {
        connection = try PostgresScriptConnection(administration)
        try connection.run("SELECT pg_advisory_lock(hashtext($1))", [template])
    }

    func release() { _ = try? connection.run(script: "SELECT pg_advisory_unlock_all()") }
}
