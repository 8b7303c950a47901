import Platform

/// The schema's migrations by hand.
struct MigrateCommand: Command {
    static let name = "migrate"
    static let arguments = "up | down [N] | status | new NAME"
    static let summary = "Applies the schema's migrations, takes them back, lists them"
    static let help = """
        Applies all pending migrations, takes the last N back (1 when not given), lists them, or writes the next \
        file. Works through DATABASE_OWNER_URL, under a lock, each migration in a transaction; a changed or missing \
        one is refused.
        """

    private enum Action { case up, down(Int), status, new(String) }
    private let action: Action

    init(_ words: [String]) throws(Arguments.UsageError) {
        let positional = try Arguments(words).positional
        switch (positional.first, positional.count) {
        case ("up", 1): action = .up
        case ("down", 1): action = .down(1)
        case ("down", 2):
            guard let count = Int(positional[1]), count > 0 else {
                throw Arguments.UsageError("down takes a number of migrations")
            }
            action = .down(count)
        case ("status", 1): action = .status
        case ("new", 2): action = .new(positional[1])
        default: throw Arguments.UsageError("one of up, down, status and new is needed")
        }
    }

    func run(_ environment: ProcessEnvironment) async throws {
        if case .new(let name) = action {
            let path = try MigrationFolder(path: ProjectFiles.path(of: "migrations")).create(name)
            return environment.print("wrote \(path)")
        }
        let runtime = try Runtime(loops: 1, logger: Logger(minimum: .warning, format: .text))
        let schema = try Schema(environment: environment.variables, runtime: runtime)
        switch action {
        case .up:
            let applied = try await schema.migrate()
            environment.print(applied.isEmpty ? "nothing to do" : "applied \(Self.names(applied))")
        case .down(let count):
            environment.print("took back \(Self.names(try await schema.migrator.down(count)))")
        case .status:
            for status in try await schema.migrator.status() {
                environment.print(
                    "\(status.version)  \(status.name)  \(status.state.rawValue)  \(status.appliedAt ?? "")")
            }
        case .new: break
        }
    }

    private static func names(_ migrations: [Migration]) -> String {
        migrations.map(\.fileName).joined(separator: ", ")
    }
}
