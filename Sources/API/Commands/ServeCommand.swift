import Platform

/// Production: one node on a database that is there.
struct ServeCommand: Command {
    static let name = "serve"
    static let arguments = "[--migrate]"
    static let summary = "Runs one node on a database that is there"
    static let help = """
        Runs one node until SIGTERM or SIGINT. It needs DATABASE_URL and never creates or changes a database by \
        itself; --migrate applies pending migrations first, through DATABASE_OWNER_URL. Any number of nodes may \
        run on one database.
        """

    private let migrates: Bool

    init(_ words: [String]) throws(Arguments.UsageError) {
        let arguments = try Arguments(words, flags: ["migrate"])
        try arguments.refusePositional()
        migrates = arguments.has("migrate")
    }

    func run(_ environment: ProcessEnvironment) async throws {
        let settings = try Settings(environment: environment.variables)
        let runtime = try Runtime(settings: settings)
        let shutdown = try await runtime.shutdownSignal()
        if migrates { try await Schema(environment: environment.variables, runtime: runtime).migrate() }
        let app = try await App(settings: settings, runtime: runtime)
        try await app.start()
        runtime.logger.info(
            "listening", ["api": app.url, "admin": app.adminURL, "allocator": Allocator.name])
        await app.run(until: shutdown)
    }
}
