import Platform

/// Since when endpoints fail, and which say that they are gone. One on each event loop.
///
/// A consumer fails from its first failure after a success until its next success. Only what has lasted a while is
/// written down, with the time of that first failure: an endpoint that fails now and then costs no statement, and one
/// that works costs not even a look. What is written outlives the node; `ConsumerWatch` acts on it.
///
/// A 410 pauses the consumer at once: it was asked for by its own server.
actor EndpointHealth {
    private struct Failing {
        let bot: BotKey
        let since: Timestamp
    }

    private static let writeAfter = Duration.seconds(10)
    private static let interval = Duration.seconds(2)
    /// Consumers in memory are read again well within.
    private static let reloadTime = Duration.seconds(30)

    nonisolated let unownedExecutor: UnownedSerialExecutor
    private let loop: EventLoop
    private let database: Database
    private let events: ConsumerEvents
    private let logger: Logger
    /// Not written down yet.
    private var failing: [ID<Consumer>: Failing] = [:]
    /// Written down, and until when it counts as such though the consumer in memory does not show it yet.
    private var justWritten: [ID<Consumer>: ContinuousClock.Instant] = [:]
    /// Written down, and over.
    private var recovered: [ID<Consumer>: BotKey] = [:]
    /// Being paused.
    private var gone: Set<ID<Consumer>> = []
    private var isScheduled = false

    init(loop: EventLoop, database: Database, events: ConsumerEvents, logger: Logger) {
        unownedExecutor = loop.asUnownedSerialExecutor()
        self.loop = loop
        self.database = database
        self.events = events
        self.logger = logger
    }

    func observe(_ attempt: DeliveryAttempt, of target: PushTarget) {
        let id = target.consumer.id
        if attempt.isGone { pause(target) }
        // A replay's endpoint is its source's, whose own deliveries tell.
        guard !target.isReplay else { return }
        let isKnown = isWritten(target.consumer) && recovered[id] == nil
        if attempt.isSuccess {
            if !failing.isEmpty { failing.removeValue(forKey: id) }
            guard isKnown else { return }
            recovered[id] = target.consumer.bot
            justWritten.removeValue(forKey: id)
        } else {
            guard !isKnown, failing[id] == nil else { return }
            failing[id] = Failing(bot: target.consumer.bot, since: attempt.at)
        }
        schedule()
    }

    private func isWritten(_ consumer: Consumer) -> Bool {
        if consumer.failingSince != nil { return true }
        return justWritten.isEmpty ? false : justWritten[consumer.id].map { $0 > .now } ?? false
    }

    /// Its next failure is the first one of another endpoint, or of another time.
    func forget(_ consumer: ID<Consumer>) {
        failing.removeValue(forKey: consumer)
        justWritten.removeValue(forKey: consumer)
    }

    /// Writes what would be written sooner or later.
    func drain() async {
        isScheduled = true
        await write()
    }

    // MARK: Failing and not

    private func schedule() {
        guard !isScheduled else { return }
        isScheduled = true
        loop.schedule(after: Self.interval) { [self] in
            // Ends with its two statements.
            Task(executorPreference: loop) {
                await self.write()
                await self.written()
            }
        }
    }

    private func written() {
        isScheduled = false
        if !failing.isEmpty || !recovered.isEmpty { schedule() }
    }

    private func write() async {
        let limit = Timestamp.now - Self.writeAfter
        let lasting = failing.filter { $0.value.since <= limit }
        let over = recovered
        guard !lasting.isEmpty || !over.isEmpty else { return }
        recovered = [:]
        let now = ContinuousClock.now
        justWritten = justWritten.filter { $0.value > now }
        for id in lasting.keys {
            failing.removeValue(forKey: id)
            justWritten[id] = now + Self.reloadTime
        }
        do {
            try await database.system.withConnection { connection in
                // One that has recovered may fail again since.
                _ = try await connection.pipeline([Self.end(over), Self.begin(lasting)])
            }
        } catch {
            logger.debug("the state of endpoints could not be written", ["error": "\(error)"])
            for (id, since) in lasting where recovered[id] == nil {
                failing[id] = since
                justWritten.removeValue(forKey: id)
            }
            recovered.merge(over) { newer, _ in newer }
        }
    }

    private static func begin(_ failing: [ID<Consumer>: Failing]) -> SQL {
        let all = Array(failing)
        return """
            UPDATE consumer AS c SET failing_since = f.since, warned_at = NULL, updated_at = clock_timestamp()
            FROM unnest(\(all.map(\.value.bot.tenant)), \(all.map(\.key)), \(all.map(\.value.since)))
                AS f (tenant_id, id, since)
            WHERE c.tenant_id = f.tenant_id AND c.id = f.id AND c.failing_since IS NULL AND c.status = 'active'
            """
    }

    /// In a CASE, which statistics say nothing of: those that fail may be many more than when they were made, and each
    /// would be compared with all that have recovered.
    private static func end(_ recovered: [ID<Consumer>: BotKey]) -> SQL {
        let all = Array(recovered)
        return """
            UPDATE consumer AS c SET failing_since = NULL, warned_at = NULL, updated_at = clock_timestamp()
            FROM unnest(\(all.map(\.value.tenant)), \(all.map(\.key))) AS r (tenant_id, id)
            WHERE c.tenant_id = r.tenant_id AND c.id = r.id
                AND CASE WHEN c.status = 'active' THEN c.failing_since IS NOT NULL END
            """
    }

    // MARK: Gone

    private func pause(_ target: PushTarget) {
        guard gone.insert(target.source).inserted else { return }
        // Ends with one transaction.
        Task(executorPreference: loop) { await self.pauseGone(target) }
    }

    private func pauseGone(_ target: PushTarget) async {
        do {
            let consumer = try await database.write(target.consumer.bot.tenant) { @Sendable [events] tx in
                let paused = try await Consumer.pauseGone(target.source, at: target.url, in: tx)
                if let paused { try await events.record(.gone, paused, tx) }
                return paused
            }
            if let consumer { events.tell(.gone, consumer) }
        } catch {
            // The next 410 tries again.
            logger.warning(
                "a consumer whose endpoint is gone could not be paused",
                ["consumer": "\(target.source)", "error": "\(error)"])
        }
        gone.remove(target.source)
    }
}
