import Platform

/// What follows from an attempt besides the update's own way: its row in the journal, the Bot API call that the
/// answer asks for, and what is known of the endpoint. One on each event loop.
actor DeliveryOutcomes {
    nonisolated let unownedExecutor: UnownedSerialExecutor
    private let journal: DeliveryJournal
    private let replies: DeliveryReplies
    private let health: EndpointHealth

    init(
        loop: EventLoop, database: Database, journal: DeliveryJournal, calls: BotCalls?,
        events: ConsumerEvents,
        logger: Logger
    ) {
        unownedExecutor = loop.asUnownedSerialExecutor()
        self.journal = journal
        replies = DeliveryReplies(loop: loop, database: database, calls: calls)
        health = EndpointHealth(loop: loop, database: database, events: events, logger: logger)
    }

    /// - Parameter isFromEndpoint: whether it was sent to where the consumer points now.
    func take(
        _ attempt: DeliveryAttempt, of update: LoggedUpdate, to target: PushTarget, isFromEndpoint: Bool
    ) {
        if isFromEndpoint { health.assumeIsolated { $0.observe(attempt, of: target) } }
        guard let reply = attempt.reply else {
            return journal.assumeIsolated { $0.record(attempt, of: update, to: target.consumer) }
        }
        // Without the update itself, which may be large, and wait long.
        let row = DeliveryJournal.Attempt(attempt, of: update, to: target.consumer)
        replies.assumeIsolated { [journal] replies in
            replies.carryOut(reply, of: target.consumer.bot) { outcome in
                var row = row
                row.reply = outcome
                journal.assumeIsolated { [row] in $0.record(row) }
            }
        }
    }

    /// The consumer has another endpoint now, or is given up.
    func forgetEndpoint(of consumer: ID<Consumer>) { health.assumeIsolated { $0.forget(consumer) } }

    /// Ends what is under way; what the journal gets from it is written by the journal's own end.
    func drain() async {
        await replies.drain()
        await health.drain()
    }
}
