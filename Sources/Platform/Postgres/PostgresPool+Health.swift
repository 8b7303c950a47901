extension PostgresPool {
    /// Opens a connection for each waiter that none of those being opened will serve, up to the limit.
    func connectIfNeeded() {
        guard !isDown, !isClosing, retry == nil else { return }
        while connecting < waiters.count, sessions.count + connecting < limit { connect() }
    }

    private func connect() {
        connecting += 1
        // Ends within the connect time-out; `close` waits for it by the count of `connecting`.
        Task(executorPreference: loop) { [self] in
            let result: Result<PostgresSession, any Error>
            do {
                let session = try await PostgresSession.connect(
                    configuration, loop: loop, blocking: blocking, cancelLine: cancelLine)
                result = .success(session)
            } catch {
                result = .failure(error)
            }
            connecting -= 1
            switch result {
            case .success(let session): adopt(session)
            case .failure(let error): noteFailure("\(error)")
            }
            finishClosing()
        }
    }

    private func adopt(_ session: PostgresSession) {
        guard !isClosing else { return session.close() }
        sessions.append(session)
        connections.add(1)
        session.onClose = { [self, unowned session] in forget(session) }
        failedAttempts = 0
        lastConnectFailure = nil
        if isDown {
            isDown = false
            logger.info("PostgreSQL is available again")
        }
        if watchdog == nil { watch() }
        idle.append(session)
        serveWaiters()
        connectIfNeeded()
    }

    private func forget(_ session: PostgresSession) {
        sessions.removeAll { $0 === session }
        idle.removeAll { $0 === session }
        connections.add(-1)
        connectIfNeeded()
        finishClosing()
    }

    /// With connections left, waiters go on waiting for those; without any, the server is taken as down.
    private func noteFailure(_ reason: String) {
        guard !isClosing else { return }
        lastConnectFailure = reason
        if sessions.isEmpty && !isDown {
            isDown = true
            logger.warning("PostgreSQL is not available", ["reason": reason])
        }
        if isDown { failWaiters() }
        guard retry == nil, connecting == 0 else { return }
        let step = Duration.milliseconds(50) * (1 << min(failedAttempts, 6))
        failedAttempts += 1
        retry = loop.schedule(after: min(step, .seconds(2)) * Double.random(in: 0.5...1)) { [self] in
            retry = nil
            if isDown { connect() } else { connectIfNeeded() }
        }
    }

    /// Counts an operation that failed. What ails the server itself (a full disk, no memory, a lost file) is nobody's
    /// who waits for an answer to tell, so it is logged here: once a minute at most, for as long as it lasts.
    func note(_ error: PostgresError) {
        errors.increment()
        guard case .server(let error) = error, error.isServersTrouble else { return }
        loop.perform { [self] in
            if let lastTrouble, .now - lastTrouble < .seconds(60) { return }
            lastTrouble = .now
            logger.error(
                "PostgreSQL cannot do its work",
                ["sqlstate": "\(error.sqlState)", "reason": "\(error.message)"])
        }
    }

    /// Closes connections on which one answer is overdue: the network or the server has gone silent.
    private func watch() {
        guard let timeout = configuration.statementTimeout else { return }
        watchdog = loop.schedule(after: .seconds(1)) { [self] in
            let now = ContinuousClock.now
            for session in sessions where !session.isQuiet && now - session.headSince > timeout + .seconds(5)
            {
                logger.warning("A database connection does not answer and is given up")
                session.close()
            }
            watch()
        }
    }
}
