import Platform

/// The private PostgreSQL of `rookery dev`, with the roles and the schema that the program needs.
struct DevDatabase: Sendable {
    private static let name = "rookery"

    /// The program's URL.
    let url: String
    /// The owner's; a superuser here, so that everything can be looked at.
    let ownerURL: String
    private let cluster: PostgresCluster

    init(folder: DevFolder, runtime: Runtime) async throws {
        cluster = PostgresCluster(
            directory: folder.database, loop: runtime.loops[0], blocking: runtime.blocking,
            logger: runtime.logger,
            // For the trace: when did a row's transaction commit?
            settings: ["track_commit_timestamp": "on"])
        try await cluster.start()
        ownerURL = try await cluster.createRole("rookery_owner", attributes: "SUPERUSER", database: Self.name)
        try await cluster.createDatabase(Self.name, owner: "rookery_owner")
        url = try await cluster.url(role: "rookery_app", database: Self.name)
        try await Schema(ownerURL: ownerURL, databaseURL: url, runtime: runtime).migrate()
    }

    func stop() async { await cluster.stop() }
}
