/// One connection in pipeline mode and the segments under way on it.
///
/// Segments are answered in the order in which they were sent. For each statement libpq gives its results and
/// then an end, and after a segment's last statement one sync: `receive` walks along the head segment's
/// expectations, so that no result can reach another segment than its own. Several tasks may have segments
/// under way; who comes second does not wait for the first, the server does them in turn.
///
/// A cancelled task is answered at once; its segment stays in the queue and its results are dropped. If it is
/// all that is under way, the server is asked to stop it. Such a request reaches whatever the server runs when
/// it arrives, so until it is done nothing new is sent, and a last empty statement takes a late hit:
///
///     serving ── cancel of the only segment ──▶ cancelling ── request taken, queue empty ──▶ probing
///        ▲                                                                                       │
///        └───────────────────────────── probe answered; what was held is sent ◀──────────────────┘
///
/// A read's COMMIT is owed rather than sent: it travels with whatever is sent next, and by itself only when nothing is
/// for a millisecond. A connection in use thus saves a packet each way for every read.
///
/// `@unchecked Sendable`: confined to `loop`'s thread; `run` may be called from anywhere.
final class PostgresSession: @unchecked Sendable {
    private enum Cancellation { case none, requested, taken, probing }

    private static let cancelPatience: Duration = .seconds(10)
    private static let commitPatience: Duration = .milliseconds(1)

    let loop: EventLoop
    private let cancelLine: PostgresCancelLine
    private var handle: PostgresHandle?
    private let socket: Int32
    private var statements = PreparedStatements()
    private var underWay: [PostgresSegment] = []
    private var held: [PostgresSegment] = []
    private var cancellation = Cancellation.none
    private var cancelDeadline: TimerQueue.Token?
    private var owedCommit: TimerQueue.Token?
    private var isWaitingToWrite = false
    /// When the head segment began to be the head.
    private(set) var headSince = ContinuousClock.now

    var onClose: (() -> Void)?
    var onQuiet: (() -> Void)?
    var onNotification: ((PostgresNotification) -> Void)?

    init(_ handle: PostgresHandle, loop: EventLoop, cancelLine: PostgresCancelLine) throws {
        self.handle = handle
        self.loop = loop
        self.cancelLine = cancelLine
        socket = handle.socket
        try loop.watch(socket, .readable) { [unowned self] _ in receive() }
    }

    var isClosed: Bool { handle == nil }
    var isQuiet: Bool { underWay.isEmpty && held.isEmpty && cancellation == .none }
    /// Left inside a transaction by someone who sent BEGIN by hand.
    var isInsideTransaction: Bool { isQuiet && owedCommit == nil && handle?.isInsideTransaction == true }

    // MARK: Sending

    /// Sends the statements in one flush and waits for their rows.
    /// - Throws: `PostgresError` only.
    func run(_ statements: [SQL], mayRepeat: Bool) async throws -> [PostgresRows] {
        if Task.isCancelled { throw PostgresError.cancelled }
        let segment = PostgresSegment(statements, mayRepeat: mayRepeat)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                loop.perform {
                    segment.whenFinished { continuation.resume(with: $0) }
                    self.submit(segment)
                }
            }
        } onCancel: {
            loop.execute { self.abandon(segment) }
        }
    }

    /// Sends `segment` as soon as no cancellation is under way.
    func submit(_ segment: PostgresSegment) {
        loop.preconditionIsCurrent()
        guard !segment.isAbandoned else { return segment.finish(.failure(.cancelled)) }
        guard handle != nil else { return segment.finish(.failure(.connectionLost)) }
        if cancellation != .none { held.append(segment) } else { send(segment) }
    }

    /// Ends a read-only transaction, soon.
    func commitLater() {
        loop.preconditionIsCurrent()
        guard handle != nil, owedCommit == nil else { return }
        owedCommit = loop.schedule(after: Self.commitPatience) { [weak self] in
            guard let self, owedCommit != nil else { return }
            // A cancellation is awaited first, as always.
            submit(PostgresSegment([], mayRepeat: false))
        }
    }

    private func send(_ segment: PostgresSegment) {
        guard let handle else { return segment.finish(.failure(.connectionLost)) }
        if underWay.isEmpty { headSince = .now }
        underWay.append(segment)
        var isSent = true
        if let owedCommit {
            loop.cancel(owedCommit)
            self.owedCommit = nil
            segment.expectations.append(.owedCommit)
            isSent = handle.execute("COMMIT", PostgresParameters())
        }
        for statement in segment.statements where isSent { isSent = send(statement, of: segment, handle) }
        guard isSent, handle.sync() else { return close() }
        flush()
    }

    private func send(_ statement: SQL, of segment: PostgresSegment, _ handle: PostgresHandle) -> Bool {
        let parameters = statement.parameters
        let key = PreparedStatements.Key(text: statement.text, types: parameters.types)
        switch statement.isPrepared ? statements.plan(for: key) : .unprepared {
        case .prepared(let name):
            segment.expectations.append(.statement(key))
            return handle.execute(prepared: name, parameters)
        case .prepare(let name):
            segment.expectations.append(.prepare(key))
            segment.expectations.append(.statement(nil))
            return handle.prepare(name, statement.text, types: parameters.types)
                && handle.execute(prepared: name, parameters)
        case .unprepared:
            segment.expectations.append(.statement(nil))
            return handle.execute(statement.text, parameters)
        }
    }

    private func flush() {
        guard let handle else { return }
        let result = handle.flush()
        if case .failed = result {
            // The server's last words may be in the buffer.
            return receive()
        }
        let isPending = if case .pending = result { true } else { false }
        guard isPending != isWaitingToWrite else { return }
        isWaitingToWrite = isPending
        let interest: Poller.Events = isPending ? [.readable, .writable] : .readable
        do {
            try loop.watch(socket, interest) { [unowned self] _ in receive() }
        } catch {
            close()
        }
    }

    // MARK: Receiving

    private func receive() {
        guard let handle else { return }
        // Kept alive: a completion may let go of the last reference.
        withExtendedLifetime(self) {
            let isAlive = handle.consume()
            drain(handle)
            guard !isClosed else { return }
            guard isAlive, !handle.isBroken else { return close() }
            while let notification = handle.nextNotification() { onNotification?(notification) }
            if isWaitingToWrite { flush() }
        }
    }

    private func drain(_ handle: PostgresHandle) {
        while let segment = underWay.first, !isClosed {
            switch handle.next() {
            case .busy: return
            case .endOfCommand:
                guard segment.current != nil else { return close() }
                segment.position += 1
            case .result(let result): take(result, for: segment)
            }
        }
    }

    private func take(_ result: PostgresResult, for segment: PostgresSegment) {
        switch (result.outcome, segment.current) {
        case (.sync, nil): finishHead()
        case (.rows, .statement): segment.rows.append(PostgresRows(result: result))
        case (.rows, .prepare(let key)): statements.confirm(key)
        case (.rows, .owedCommit): break
        case (.aborted, .prepare(let key)): statements.forget(key)
        case (.aborted, .statement): break
        case (.failed(let error?), let expectation?): note(error, at: expectation, of: segment)
        default: close()
        }
    }

    private func note(
        _ error: ServerError, at expectation: PostgresSegment.Expectation, of segment: PostgresSegment
    ) {
        switch expectation {
        case .owedCommit: return close()
        case .prepare(let key): statements.forget(key)
        case .statement(let key?) where error.isStaleStatement:
            statements.forget(key)
            segment.isStale = true
        case .statement: break
        }
        if segment.error == nil { segment.error = error.isStatementTimeout ? .timedOut : .server(error) }
        if error.endsConnection { close() }
    }

    private func finishHead() {
        let segment = underWay.removeFirst()
        headSince = .now
        if segment.isStale && segment.mayRepeat {
            segment.prepareToRepeat()
            submit(segment)
        } else {
            segment.finish(segment.error.map { .failure($0) } ?? .success(segment.rows))
        }
        guard !isClosed else { return }
        advanceCancellation()
        requestCancelIfUnwanted()
        if isQuiet { onQuiet?() }
    }

    // MARK: Cancelling

    private func abandon(_ segment: PostgresSegment) {
        segment.abandon()
        if let index = held.firstIndex(where: { $0 === segment }) {
            held.remove(at: index)
            return
        }
        requestCancelIfUnwanted()
    }

    /// Asks the server to stop what runs now when that, and all behind it, is awaited by nobody.
    private func requestCancelIfUnwanted() {
        guard cancellation == .none, underWay.first?.isAbandoned == true,
            underWay.allSatisfy({ $0.completion == nil })
        else { return }
        guard let canceller = handle?.canceller() else { return close() }
        cancellation = .requested
        cancelDeadline = loop.schedule(after: Self.cancelPatience) { [weak self] in self?.close() }
        // Ends when the server has answered; the deadline above closes the session before, if need be.
        Task(executorPreference: loop) { [self] in
            do {
                try await cancelLine.send(canceller)
                cancellation = .taken
                advanceCancellation()
            } catch {
                close()
            }
        }
    }

    private func advanceCancellation() {
        guard underWay.isEmpty else { return }
        switch cancellation {
        case .none, .requested: break
        case .taken:
            cancellation = .probing
            send(PostgresSegment(["SELECT 1"], mayRepeat: false))
        case .probing:
            cancellation = .none
            if let cancelDeadline { loop.cancel(cancelDeadline) }
            let waiting = held
            held = []
            for segment in waiting { submit(segment) }
        }
    }

    // MARK: Closing

    /// Ends the connection at once; everything under way fails with `connectionLost`.
    func close() {
        loop.preconditionIsCurrent()
        guard handle != nil else { return }
        if let cancelDeadline { loop.cancel(cancelDeadline) }
        if let owedCommit { loop.cancel(owedCommit) }
        owedCommit = nil
        loop.unwatch(socket)
        handle = nil
        let lost = underWay + held
        underWay = []
        held = []
        for segment in lost { segment.finish(.failure(.connectionLost)) }
        onClose?()
        onClose = nil
        onQuiet = nil
        onNotification = nil
    }
}

extension ServerError {
    /// 57014 is both the statement time-out and a cancel request; only who was cancelled asks for the latter,
    /// and hears of it without this.
    fileprivate var isStatementTimeout: Bool { sqlState == "57014" }
}
