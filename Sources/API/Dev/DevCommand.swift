import Platform
import Tenancy

/// Everything on one machine, to try and to develop with.
struct DevCommand: Command {
    static let name = "dev"
    static let arguments = "[--data-dir DIR] [--json]"
    static let summary =
        "Runs everything on this machine, with a private PostgreSQL under .rookery and a demo"
    static let help = """
        Runs everything on this machine until Ctrl-C: a private PostgreSQL under .rookery (kept for the next start), \
        the migrations, the sandbox in place of Telegram, a platform admin, and a demo tenant with an owner, an API \
        key, a bot and a push consumer, through which one update is sent. Passwords and key are made at the first \
        start and kept in secrets.json there. --json prints one line for programs once all of it is up; the log goes \
        to standard error. With ROOKERY_TELEGRAM_API_URL set, that server is used in place of the sandbox, and no \
        demo bot is made.
        """

    private let folder: String
    private let isJSON: Bool

    init(_ words: [String]) throws(Arguments.UsageError) {
        let arguments = try Arguments(words, options: ["data-dir"], flags: ["json"])
        try arguments.refusePositional()
        folder = arguments.value("data-dir") ?? ".rookery"
        isJSON = arguments.has("json")
    }

    func run(_ environment: ProcessEnvironment) async throws {
        var variables = environment.variables
        let isText = variables["ROOKERY_LOG_FORMAT"] == nil && !isJSON
        let level =
            variables["ROOKERY_LOG_LEVEL"].flatMap(Logger.Level.init(name:)) ?? (isJSON ? .info : .warning)
        let runtime = try Runtime(
            loops: variables["ROOKERY_LOOPS"].flatMap { Int($0) } ?? EventLoop.standardCount,
            logger: Logger(minimum: level, format: isText ? .text : .json))
        let shutdown = try await runtime.shutdownSignal()
        let folder = try DevFolder(path: folder)
        let database = try await DevDatabase(folder: folder, runtime: runtime)
        do {
            let usesSandbox = variables["ROOKERY_TELEGRAM_API_URL"] == nil
            let sandbox =
                usesSandbox ? try await LocalSandbox.forDevelopment(variables, runtime: runtime) : nil
            variables.merge(try DevEnvironment.variables(folder, database, sandbox: sandbox?.url)) {
                given, made in
                given.isEmpty ? made : given
            }
            let settings = try Settings(environment: variables)
            let masterKey = variables["ROOKERY_MASTER_KEY"] ?? ""
            let parts = DevParts(
                folder: folder, database: database, sandbox: sandbox, node: try folder.node())
            try await serve(settings, masterKey, parts, runtime, shutdown, environment)
            await sandbox?.stop()
        } catch {
            await database.stop()
            throw error
        }
        await database.stop()
    }

    private func serve(
        _ settings: Settings, _ masterKey: String, _ parts: DevParts, _ runtime: Runtime,
        _ shutdown: ShutdownSignal,
        _ environment: ProcessEnvironment
    ) async throws {
        let app = try await App(settings: settings, runtime: runtime, node: parts.node)
        try await prepareBots(settings, parts, runtime)
        try await app.start()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await app.run(until: shutdown) }
            group.addTask {
                do {
                    let made = try await shutdown.interrupting {
                        try await demo(app, settings, parts, runtime)
                    }
                    guard let (people, demo) = made else { return }
                    let report = DevReport(
                        app: app, settings: settings, parts: parts, masterKey: masterKey, people: people,
                        demo: demo)
                    environment.print(isJSON ? report.json : report.text)
                    await shutdown.wait()
                    await demo?.receiver.stop()
                } catch {
                    shutdown.raise()
                    throw error
                }
            }
            try await group.waitForAll()
        }
    }

    private func prepareBots(_ settings: Settings, _ parts: DevParts, _ runtime: Runtime) async throws {
        // On the loop: the pools belong to it.
        try await withTaskExecutorPreference(runtime.loops[0]) {
            let bots = try DevBots(settings: settings, runtime: runtime)
            try await bots.release()
            if let sandbox = parts.sandbox { try await bots.add(to: sandbox.sandbox) }
            await bots.close()
        }
    }

    private func demo(
        _ app: App, _ settings: Settings, _ parts: DevParts, _ runtime: Runtime
    ) async throws -> (DevPeople, DevDemo?) {
        let maker = try DevPeopleMaker(settings: settings, folder: parts.folder, runtime: runtime)
        // On the loop: the pools belong to it.
        let people = try await withTaskExecutorPreference(runtime.loops[0]) { try await maker.make() }
        let demo = try await DevDemo.run(
            app: app, tenant: people.tenant, settings: settings, parts: parts, runtime: runtime)
        return (people, demo)
    }
}

/// What `rookery dev` has beside the app.
struct DevParts: Sendable {
    let folder: DevFolder
    let database: DevDatabase
    let sandbox: LocalSandbox?
    let node: ID<Node>
}
