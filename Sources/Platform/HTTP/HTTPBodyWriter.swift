/// Takes a streamed answer piece by piece. Holds a bounded number of bytes; past it, `write` waits until the
/// client has taken some.
///
/// `@unchecked Sendable`: confined to the server's loop, on which the handler's task runs.
package final class HTTPBodyWriter: @unchecked Sendable {
    /// The client has gone, or the answer has no body (HEAD).
    package struct Closed: Error {}

    private enum End { case complete, cutOff }

    private let loop: EventLoop
    private let limit: Int
    private var buffer: [UInt8] = []
    private var start = 0
    private var end: End?
    private var isClosed = false
    private var waiter: CheckedContinuation<Void, any Error>?
    /// Called when there is something to send after `read` had nothing.
    private let wake: () -> Void

    init(loop: EventLoop, limit: Int, wake: @escaping () -> Void) {
        self.loop = loop
        self.limit = limit
        self.wake = wake
    }

    /// Returns as soon as `bytes` are taken over. One writer at a time.
    /// - Throws: `Closed`, or `CancellationError`.
    package func write(_ bytes: some Collection<UInt8> & Sendable) async throws {
        loop.preconditionIsCurrent()
        guard !isClosed else { throw Closed() }
        try Task.checkCancellation()
        guard !bytes.isEmpty else { return }
        buffer.append(contentsOf: bytes)
        wake()
        guard pending >= limit else { return }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                // A cancellation from before this point has been delivered to `loop` and runs after it.
                if pending < limit { return continuation.resume() }
                if isClosed { return continuation.resume(throwing: Closed()) }
                waiter = continuation
            }
        } onCancel: {
            loop.execute { self.release(.failure(CancellationError())) }
        }
    }

    private var pending: Int { buffer.count - start }

    private func release(_ result: Result<Void, any Error>) {
        waiter?.resume(with: result)
        waiter = nil
    }

    // MARK: The server's side

    enum Piece { case bytes(Int), nothingYet, end, cutOff }

    /// Moves what fits into `target`.
    func read(into target: UnsafeMutableRawBufferPointer) -> Piece {
        guard pending > 0 else {
            switch end {
            case nil: return .nothingYet
            case .complete: return .end
            case .cutOff: return .cutOff
            }
        }
        let count = min(pending, target.count)
        buffer.withUnsafeBytes {
            target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[start..<start + count]))
        }
        start += count
        if start == buffer.count {
            buffer.removeAll(keepingCapacity: true)
            start = 0
        } else if start >= limit {
            buffer.removeFirst(start)
            start = 0
        }
        if pending < limit / 2 || pending == 0 { release(.success(())) }
        return .bytes(count)
    }

    var isFinished: Bool { end != nil }

    /// The producer has returned or thrown.
    func finish(isComplete: Bool) {
        end = isComplete ? .complete : .cutOff
        if !isClosed { wake() }
    }

    /// Nothing more can be sent.
    func close() {
        isClosed = true
        release(.failure(Closed()))
    }
}
