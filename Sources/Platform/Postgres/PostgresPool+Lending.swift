extension PostgresPool {
    func acquire() async throws -> PostgresSession {
        if Task.isCancelled { throw PostgresError.cancelled }
        if loop.isCurrent, !isClosing, let session = takeIdle() {
            waitSeconds.observe(0)
            return session
        }
        let ticket = PostgresWaitTicket()
        do {
            return try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { continuation in
                    loop.perform { self.enqueue(ticket) { continuation.resume(with: $0) } }
                }
            } onCancel: {
                loop.execute { self.withdraw(ticket) }
            }
        } catch {
            errors.increment()
            throw error
        }
    }

    private func enqueue(
        _ ticket: PostgresWaitTicket,
        _ resume: @escaping @Sendable (Result<PostgresSession, PostgresError>) -> Void
    ) {
        guard !ticket.isWithdrawn else { return resume(.failure(.cancelled)) }
        guard !isClosing else { return resume(.failure(.unavailable)) }
        if let session = takeIdle() {
            waitSeconds.observe(0)
            return resume(.success(session))
        }
        guard !isDown else { return resume(.failure(.unavailable)) }
        guard waiters.count < waitLimit + (limit - sessions.count) else {
            return resume(.failure(.poolExhausted))
        }
        lastWaiter += 1
        let number = lastWaiter
        ticket.number = number
        let timer = loop.schedule(after: waitTimeout) { [self] in drop(number, .poolExhausted) }
        waiters.append(Waiter(number: number, since: .now, timer: timer, resume: resume))
        connectIfNeeded()
    }

    private func withdraw(_ ticket: PostgresWaitTicket) {
        ticket.isWithdrawn = true
        if let number = ticket.number { drop(number, .cancelled) }
    }

    private func drop(_ number: UInt64, _ error: PostgresError) {
        guard let index = waiters.firstIndex(where: { $0.number == number }) else { return }
        let waiter = waiters.remove(at: index)
        loop.cancel(waiter.timer)
        waiter.resume(.failure(error))
    }

    /// The connection given back last is the likeliest to be warm. One left inside a transaction is closed.
    private func takeIdle() -> PostgresSession? {
        while let session = idle.popLast() {
            if session.isInsideTransaction { session.close() } else { return session }
        }
        return nil
    }

    func release(_ session: PostgresSession) {
        loop.perform { [self] in
            guard !session.isClosed else { return }
            if isClosing { return closeWhenQuiet(session) }
            if session.isInsideTransaction { return session.close() }
            idle.append(session)
            serveWaiters()
        }
    }

    func serveWaiters() {
        while !waiters.isEmpty, let session = takeIdle() {
            let waiter = waiters.removeFirst()
            loop.cancel(waiter.timer)
            waitSeconds.observe(.now - waiter.since)
            waiter.resume(.success(session))
        }
    }

    func failWaiters() {
        let failed = waiters
        waiters = []
        for waiter in failed {
            loop.cancel(waiter.timer)
            waiter.resume(.failure(.unavailable))
        }
    }

    // MARK: Closing

    func beginClosing() {
        isClosing = true
        if let retry { loop.cancel(retry) }
        failWaiters()
        let unused = idle
        idle = []
        for session in unused { closeWhenQuiet(session) }
        finishClosing()
    }

    private func closeWhenQuiet(_ session: PostgresSession) {
        if session.isQuiet {
            session.close()
        } else {
            session.onQuiet = { [unowned session] in session.close() }
        }
    }

    func finishClosing() {
        guard isClosing, sessions.isEmpty, connecting == 0 else { return }
        // Until here: a server that has gone silent must not hold up the end.
        if let watchdog { loop.cancel(watchdog) }
        let waiting = closers
        closers = []
        for closer in waiting { closer.resume() }
    }
}

/// Which waiter a task became, so that its cancellation finds it. Confined to the loop's thread.
private final class PostgresWaitTicket: @unchecked Sendable {
    var number: UInt64?
    var isWithdrawn = false
}
