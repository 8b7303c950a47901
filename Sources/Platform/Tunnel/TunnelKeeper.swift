import Glibc

/// Keeps knowing where the internet reaches a port of this machine: by a tunnel that somebody has started, or by one
/// that is started here.
///
///     none ──one is found, or ours tells its address──▶ known ──another address──▶ known
///       ▲                                                 │
///       └───────────── none for `patience` ───────────────┘
///
/// With a program to start: as long as none is found and ours does not run, it is started, after waits that grow.
package actor TunnelKeeper {
    package struct Times: Sendable {
        /// Between looks for tunnels that run already.
        var search = Duration.seconds(5)
        /// Between looks at what our own program writes.
        var output = Duration.milliseconds(250)
        /// How long an address that is not there any more is kept, since most come back.
        var patience = Duration.seconds(15)
        /// Before our program is started again; doubled each time, up to a minute.
        var restart = Duration.seconds(1)

        package init() {}
    }

    private static let longestRestart = Duration.seconds(60)
    /// After so long a program that ends is started again without a longer wait.
    private static let longEnough = Duration.seconds(60)

    package nonisolated let loop: EventLoop
    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private let port: UInt16
    private let program: TunnelProgram?
    private let path: String
    private let search: TunnelSearch
    private let times: Times
    private let blocking: BlockingPool
    private let logger: Logger
    private let onChange: @Sendable (String?) async throws -> Void

    private var ours: TunnelProcess?
    private var startedAt = ContinuousClock.now
    private var nextStart = ContinuousClock.now
    private var restartWait: Duration
    private var isMissing = false
    /// What `onChange` was told.
    private var told: String?
    private var lastSeen = ContinuousClock.now

    /// - Parameters:
    ///   - program: started when no tunnel of its kind runs; nil: one that runs, of any kind, is used.
    ///   - path: folders where programs are, separated by colons.
    ///   - onChange: is told each new address, and nil when it is gone; called again when it throws.
    package init(
        port: UInt16, program: TunnelProgram?, path: String, search: TunnelSearch, times: Times = Times(),
        loop: EventLoop, blocking: BlockingPool, logger: Logger,
        onChange: @escaping @Sendable (String?) async throws -> Void
    ) {
        self.port = port
        self.program = program
        self.path = path
        self.search = search
        self.times = times
        self.loop = loop
        self.blocking = blocking
        self.logger = logger
        self.onChange = onChange
        restartWait = times.restart
    }

    /// The process that was started here; nil when none runs.
    var process: Int32? { ours?.identifier }

    /// Runs until the task is cancelled, and then ends what it has started.
    package func run() async {
        while !Task.isCancelled {
            await look()
            guard (try? await loop.sleep(for: ours == nil ? times.search : times.output)) != nil else {
                break
            }
        }
        // Not cancelled with the caller: awaited here, and bounded by the signals' patience.
        await Task(executorPreference: loop) { await self.end() }.value
    }

    private func look() async {
        let address = await address()
        if let address { return await tell(address) }
        if told != nil, ContinuousClock.now - lastSeen > times.patience { await tell(nil) }
    }

    private func address() async -> String? {
        if let address = ownAddress() { return address }
        guard ours == nil else { return nil }
        if let found = await search.address(of: port, by: program) { return found }
        guard let program, ContinuousClock.now >= nextStart else { return nil }
        await start(program)
        return nil
    }

    private func ownAddress() -> String? {
        guard let ours else { return nil }
        ours.read()
        guard ours.isRunning else {
            self.ours = nil
            // What it wrote is not repeated: it may hold the account's token.
            logger.warning(
                "the tunnel's program has ended and is started again; run it by hand to see why",
                ["program": program?.rawValue ?? ""])
            return nil
        }
        return ours.address
    }

    private func start(_ program: TunnelProgram) async {
        startedAt = .now
        nextStart = .now + restartWait * Double.random(in: 0.8...1.2)
        restartWait = min(restartWait * 2, Self.longestRestart)
        let (path, port) = (path, port)
        do {
            let started = try await blocking.run {
                try program.find(in: path).map { try TunnelProcess.start(program, $0, port: port) }
            }
            if let started {
                ours = TunnelProcess(program, started.0, output: started.1)
                logger.info("started a tunnel", ["program": program.rawValue, "port": Int(port)])
            } else if !isMissing {
                isMissing = true
                logger.warning(
                    "the tunnel's program is not installed, or not on PATH", ["program": program.rawValue])
            }
        } catch {
            logger.warning(
                "the tunnel's program cannot be started",
                ["program": program.rawValue, "error": "\(error)"])
        }
    }

    private func tell(_ address: String?) async {
        if address != nil {
            lastSeen = .now
            if ContinuousClock.now - startedAt > Self.longEnough { restartWait = times.restart }
        }
        guard address != told else { return }
        do {
            try await onChange(address)
            told = address
            logger.info(
                address == nil ? "no tunnel leads here any more" : "a tunnel leads here",
                ["url": address ?? ""])
        } catch {
            logger.warning("a tunnel's address could not be taken over", ["error": "\(error)"])
        }
    }

    /// Asks it to end, and makes it.
    private func end() async {
        guard let process = ours else { return }
        ours = nil
        for (signal, patience) in [(SIGTERM, Duration.seconds(5)), (SIGKILL, .seconds(2))] {
            process.signal(signal)
            let deadline = ContinuousClock.now + patience
            while ContinuousClock.now < deadline {
                guard process.isRunning else { return }
                process.read()
                try? await loop.sleep(for: .milliseconds(20))
            }
        }
    }
}
