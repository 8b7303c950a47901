import Glibc

extension PostgresSession {
    /// Why no connection came about. The text is libpq's and may name hosts and users: for the log.
    struct ConnectFailure: Error, CustomStringConvertible {
        let description: String
    }

    /// Connects without blocking the loop: host names are looked up on the blocking pool.
    /// - Throws: `ConnectFailure`.
    static func connect(
        _ configuration: PostgresConfiguration, loop: EventLoop, blocking: BlockingPool,
        cancelLine: PostgresCancelLine
    ) async throws -> PostgresSession {
        loop.preconditionIsCurrent()
        var addresses: [String] = []
        if let name = configuration.nameToResolve {
            do {
                addresses = try await blocking.run { try NameLookup.addresses(of: name) }
            } catch {
                throw ConnectFailure(description: "looking up \(name): \(error)")
            }
        }
        guard let handle = PostgresHandle(configuration.parameters(addresses: addresses)) else {
            throw ConnectFailure(description: "out of memory")
        }
        let handshake = PostgresHandshake(handle, loop: loop)
        try await handshake.run(timeout: configuration.connectTimeout)
        do {
            return try PostgresSession(handle, loop: loop, cancelLine: cancelLine)
        } catch {
            throw ConnectFailure(description: "\(error)")
        }
    }
}

/// Drives one connection's handshake by readiness. Confined to the loop's thread.
private final class PostgresHandshake {
    private let handle: PostgresHandle
    private let loop: EventLoop
    private var watched: Int32?
    private var timer: TimerQueue.Token?
    private var continuation: CheckedContinuation<Void, any Error>?

    init(_ handle: PostgresHandle, loop: EventLoop) {
        self.handle = handle
        self.loop = loop
    }

    func run(timeout: Duration) async throws {
        try await withCheckedThrowingContinuation { continuation in
            self.continuation = continuation
            timer = loop.schedule(after: timeout) { [self] in
                finish(.failure(PostgresSession.ConnectFailure(description: "no answer within \(timeout)")))
            }
            // libpq's rule: right after the start, as if it had asked to write.
            if handle.isBroken { fail(handle.errorMessage) } else { wait(for: .writable) }
        }
    }

    private func wait(for interest: Poller.Events) {
        do {
            let socket = handle.socket
            try loop.watch(socket, interest) { [self] _ in step() }
            watched = socket
        } catch {
            fail("\(error)")
        }
    }

    private func step() {
        // A step may close the socket and open another one under the same number.
        stopWatching()
        switch handle.continueHandshake() {
        case .reading: wait(for: .readable)
        case .writing: wait(for: .writable)
        case .ready: finish(.success(()))
        case .failed(let message): fail(message)
        }
    }

    private func fail(_ message: String) {
        finish(.failure(PostgresSession.ConnectFailure(description: message)))
    }

    private func finish(_ result: Result<Void, any Error>) {
        stopWatching()
        if let timer { loop.cancel(timer) }
        continuation?.resume(with: result)
        continuation = nil
    }

    private func stopWatching() {
        if let watched { loop.unwatch(watched) }
        watched = nil
    }
}

/// getaddrinfo, which blocks.
enum NameLookup {
    struct Failure: Error, CustomStringConvertible { let description: String }

    static func addresses(of name: String) throws -> [String] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(name, nil, &hints, &list)
        guard status == 0 else { throw Failure(description: String(cString: gai_strerror(status))) }
        defer { freeaddrinfo(list) }
        var addresses: [String] = []
        var next = list
        while let entry = next {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let status = getnameinfo(
                entry.pointee.ai_addr, entry.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0,
                NI_NUMERICHOST)
            if status == 0 {
                let address = String(
                    decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
                if !addresses.contains(address) { addresses.append(address) }
            }
            next = entry.pointee.ai_next
        }
        return addresses
    }
}
