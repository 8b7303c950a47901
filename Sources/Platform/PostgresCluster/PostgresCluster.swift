import Glibc

/// A PostgreSQL server of the program's own, on 127.0.0.1, for development and tests. Its data outlives it.
///
/// It is started as a child and started again when it dies. When the program itself is killed the server goes
/// on; the next `start` finds it by its lock file and takes it over:
///
///     stopped ─start─▶ starting ──ready──▶ running ──died──▶ starting
///        ▲                │ a leftover that answers: running          │
///        └─────stop───────┴───────────────────────stop────────────────┘
///
/// As root it runs as `postgres` or `nobody`, who then own the data. Every role signs in with a password that
/// derives from a secret beside the data.
package actor PostgresCluster {
    private enum State { case stopped, starting(pid_t?), running(pid_t) }

    package nonisolated let loop: EventLoop
    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private static let patience: Duration = .seconds(60)

    private let directory: String
    private let blocking: BlockingPool
    private let logger: Logger
    private let settings: [String: String]
    private var state = State.stopped
    private var folder: ClusterFolder?
    private var programs: PostgresPrograms?
    private var port: UInt16 = 0
    private var supervision: Task<Void, Never>?

    /// - Parameters:
    ///   - directory: where the data goes, unless the server's user cannot get there.
    ///   - settings: of the server, beside those that this needs.
    package init(
        directory: String, loop: EventLoop, blocking: BlockingPool, logger: Logger,
        settings: [String: String] = [:]
    ) {
        self.directory = directory
        self.loop = loop
        self.blocking = blocking
        self.logger = logger
        self.settings = settings
    }

    /// Makes the data if there is none, starts the server and waits until it answers.
    /// - Throws: `PostgresClusterError` or `SystemError`.
    package func start() async throws {
        let (directory, logger) = (directory, logger)
        let (folder, programs) = try await blocking.run {
            let account = try ClusterAccount.current()
            let folder = try ClusterFolder.prepare(directory, account: account, logger: logger)
            guard let programs = PostgresPrograms.find(version: folder.dataVersion) else {
                throw PostgresClusterError.noServerPackage
            }
            try folder.initialize(programs)
            return (folder, programs)
        }
        self.folder = folder
        self.programs = programs
        state = .starting(nil)
        do {
            try await launch()
        } catch {
            await stop()
            throw error
        }
        supervision = Task(executorPreference: loop) { await self.supervise() }
    }

    /// Shuts the server down: sessions are ended, everything committed is on disk.
    package func stop() async {
        supervision?.cancel()
        await supervision?.value
        supervision = nil
        let process: pid_t
        switch state {
        case .running(let current), .starting(let current?): process = current
        case .starting(nil), .stopped: return
        }
        state = .stopped
        // Not cancelled with the caller: awaited here, and bounded by the signals' patience.
        await Task(executorPreference: loop) { await self.end(process) }.value
    }

    /// The process of the server; nil when none runs.
    package var process: Int32? { if case .running(let process) = state { process } else { nil } }

    /// Where the data really is. Nil before `start`.
    package var dataDirectory: String? { folder?.data }

    /// A URL for `role`, whose password `createRole` has set. The role `postgres` is the superuser.
    package func url(role: String, database: String) throws -> String {
        guard let folder else { throw PostgresError.unavailable }
        return "postgresql://\(role):\(try folder.password(of: role))@127.0.0.1:\(port)/\(database)"
    }

    /// Makes a role that can sign in, or gives the one that is there these attributes and its password.
    /// - Parameter attributes: as in CREATE ROLE, such as `CREATEROLE`.
    /// - Returns: its URL on `database`.
    @discardableResult
    package func createRole(_ name: String, attributes: String = "", database: String) async throws -> String
    {
        guard let folder else { throw PostgresError.unavailable }
        let role: SQL = "\(identifier: name)"
        let options = "LOGIN \(attributes) PASSWORD '\(try folder.password(of: name))'"
        try await asSuperuser { connection in
            let isThere = try !connection.run("SELECT 1 FROM pg_roles WHERE rolname = $1", [name]).isEmpty
            try connection.run(script: "\(isThere ? "ALTER" : "CREATE") ROLE \(role.text) \(options)")
        }
        return try url(role: name, database: database)
    }

    /// Makes a database that belongs to `owner`, unless it is there.
    package func createDatabase(_ name: String, owner: String) async throws {
        let statement: SQL = "CREATE DATABASE \(identifier: name) OWNER \(identifier: owner)"
        try await asSuperuser { connection in
            let isThere = try !connection.run("SELECT 1 FROM pg_database WHERE datname = $1", [name]).isEmpty
            if !isThere { try connection.run(script: statement.text) }
        }
    }

    private func asSuperuser(_ body: @escaping @Sendable (PostgresScriptConnection) throws -> Void)
        async throws
    {
        let configuration = try PostgresConfiguration(url: url(role: "postgres", database: "postgres"))
        try await blocking.run { try body(PostgresScriptConnection(configuration)) }
    }

    // MARK: Life of the server process

    /// Brings a server up, by taking over one that runs or by starting one.
    private func launch() async throws {
        guard let folder, let programs else { return }
        let deadline = ContinuousClock.now + Self.patience
        let extra = settings.flatMap { ["-c", "\($0.key)=\($0.value)"] }
        while ContinuousClock.now < deadline {
            let (process, port, isAdopted) = try await blocking.run {
                if let leftover = folder.leftover(), leftover.port != 0 {
                    return (leftover.process, leftover.port, true)
                }
                let port = try folder.port()
                let child = try ChildProcess.start(
                    folder.account.prefix + [
                        programs.postgres, "-D", folder.data, "-p", "\(port)", "-c",
                        "listen_addresses=127.0.0.1",
                        "-c", "unix_socket_directories=", "-c", "max_connections=200",
                    ] + extra, log: folder.log)
                return (child.identifier, port, false)
            }
            self.port = port
            state = .starting(process)
            while ContinuousClock.now < deadline, ChildProcess.isRunning(process) {
                if await answers() {
                    state = .running(process)
                    logger.info(
                        isAdopted ? "Took over the PostgreSQL of an earlier start" : "Started PostgreSQL",
                        ["process": Int(process), "port": Int(port)])
                    return
                }
                try await loop.sleep(for: .milliseconds(50))
            }
            // It went away: shut down by whoever ran it, or its memory is still held by the one before.
            try await loop.sleep(for: .milliseconds(300))
        }
        throw PostgresClusterError.notReady(log: folder.log, lastWords: folder.lastWords)
    }

    private func answers() async -> Bool {
        do {
            try await asSuperuser { _ = try $0.run(script: "SELECT 1") }
            return true
        } catch {
            return false
        }
    }

    private func supervise() async {
        do {
            while true {
                try await loop.sleep(for: .milliseconds(200))
                guard case .running(let process) = state, !ChildProcess.isRunning(process) else { continue }
                state = .starting(nil)
                logger.warning("PostgreSQL has died; starting it again", ["process": Int(process)])
                while case .starting = state {
                    do {
                        try await launch()
                    } catch let error as PostgresClusterError {
                        logger.error("PostgreSQL does not come up", ["reason": "\(error)"])
                    }
                }
            }
        } catch is CancellationError {
            return
        } catch {
            logger.error("PostgreSQL is no longer watched", ["reason": "\(error)"])
        }
    }

    /// Fast shutdown, then the immediate one, then none at all.
    private func end(_ process: pid_t) async {
        for (signal, patience) in [
            (SIGINT, Duration.seconds(25)), (SIGQUIT, .seconds(5)), (SIGKILL, .seconds(2)),
        ] {
            kill(process, signal)
            let deadline = ContinuousClock.now + patience
            while ContinuousClock.now < deadline {
                guard ChildProcess.isRunning(process) else { return }
                try? await loop.sleep(for: .milliseconds(20))
            }
        }
        logger.error("PostgreSQL does not stop", ["process": Int(process)])
    }
}
