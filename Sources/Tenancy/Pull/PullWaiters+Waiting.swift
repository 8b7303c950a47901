import Platform

extension PullWaiters {
    /// Looks, and when there is nothing waits and looks again when there may be something, for at most `time`.
    /// - Parameters:
    ///   - isStillWanted: asked before each look after the first; throws when the caller has gone or may no more.
    ///   - look: gets how much longer the caller would wait.
    /// - Returns: no updates when the time is over, or the node is on its way out.
    /// - Throws: `PullRefusal`, `CancellationError`, and what `look` and `isStillWanted` throw.
    package func pull(
        _ consumer: ID<Consumer>, of tenant: ID<Tenant>, for time: Duration, on loop: EventLoop,
        isStillWanted: () throws -> Void = {}, look: (Duration) async throws -> PullOutcome
    ) async throws -> PullOutcome {
        let deadline = ContinuousClock.now + time
        var bot = isDraining ? nil : knownBot(of: consumer, tenant)
        if time == .zero || bot == nil {
            let outcome = try await look(.zero)
            guard outcome.updates.isEmpty, time > .zero, !isDraining else { return outcome }
            bot = outcome.bot
        }
        guard let bot else { return try await look(.zero) }
        let waiter = try list(consumer, of: bot, on: loop)
        defer { remove(waiter) }
        return try await wait(waiter, until: deadline, isStillWanted, look)
    }

    private func wait(
        _ waiter: PullWaiter, until deadline: ContinuousClock.Instant, _ isStillWanted: () throws -> Void,
        _ look: (Duration) async throws -> PullOutcome
    ) async throws -> PullOutcome {
        var last: PullOutcome?
        while true {
            var pause = deadline - .now
            var quiet = Duration.zero
            do {
                let outcome = try await look(max(pause, .zero))
                last = outcome
                guard outcome.updates.isEmpty, !outcome.hasMore else { return outcome }
                if outcome.isHeldBack { quiet = self.quiet }
                pause = min(deadline - .now, outcome.nextLook ?? pause, nextLook ?? pause)
            } catch let error as PostgresError where last != nil && error.mayPass && deadline > .now {
                // All who wait may look at once after an outage.
                pause = min(pause, .milliseconds(Int.random(in: 500...1500)))
            }
            guard let last else { throw CancellationError() }
            if isDraining || deadline <= .now { return last }
            try await rest(waiter, atMost: pause, unlessFreed: quiet)
            if isDraining || deadline <= .now { return last }
            try isStillWanted()
        }
    }
}

extension PullWaiters {
    /// Waits for news. That something was appended is none for the time `quiet`.
    private func rest(
        _ waiter: PullWaiter, atMost time: Duration, unlessFreed quiet: Duration
    ) async throws {
        let end = ContinuousClock.now + time
        let quietEnd = min(end, .now + quiet)
        try await waiter.news.pause(atMost: time, on: waiter.loop)
        while !waiter.takeFreed(), !isDraining, quietEnd > .now {
            try await waiter.news.pause(atMost: quietEnd - .now, on: waiter.loop)
        }
    }
}

extension PostgresError {
    /// Whether asking again may do.
    fileprivate var mayPass: Bool {
        switch self {
        case .unavailable, .connectionLost, .poolExhausted, .timedOut: true
        case .server, .cancelled, .decoding, .missingColumn, .unexpectedResult: false
        }
    }
}
