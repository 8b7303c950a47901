import Glibc
import Synchronization

/// A TCP server of the test's own making: a thread a connection, each run through `serve`. Reads give up after
/// a minute, so no thread outlives a broken test by much.
final class StubServer: Sendable {
    struct Failure: Error {}

    let port: Int
    private let listener: Int32
    private let accepted = Atomic<Int>(0)

    /// - Parameters:
    ///   - address: of this machine; 127.0.0.0/8.
    ///   - port: 0 for a free one.
    ///   - isAccepting: false leaves connections to the kernel's queue, unanswered.
    init(
        address host: UInt32 = 0x7F00_0001, port wanted: Int = 0, isAccepting: Bool = true,
        _ serve: @escaping @Sendable (StubConnection) -> Void = { _ in }
    ) throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = host.bigEndian
        address.sin_port = in_port_t(wanted).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = self.listener
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 512) == 0
                    && getsockname(listener, $0, &length) == 0
            }
        }
        guard isBound else { throw Failure() }
        port = Int(UInt16(bigEndian: address.sin_port))
        guard isAccepting else { return }
        Self.startThread { [self] in
            while case let descriptor = accept(listener, nil, nil), descriptor >= 0 {
                accepted.add(1, ordering: .relaxed)
                var patience = timeval(tv_sec: 60, tv_usec: 0)
                setsockopt(
                    descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
                Self.startThread {
                    serve(StubConnection(descriptor: descriptor))
                    close(descriptor)
                }
            }
        }
    }

    deinit { close(listener) }

    var url: String { "http://127.0.0.1:\(port)" }
    var connections: Int { accepted.load(ordering: .relaxed) }

    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    /// Answers every request of every connection with `answer`.
    static func answering(
        address: UInt32 = 0x7F00_0001, port: Int = 0, _ answer: @escaping @Sendable (StubRequest) -> String
    ) throws -> StubServer {
        try StubServer(address: address, port: port) { connection in
            while let request = connection.readRequest() { connection.write(answer(request)) }
        }
    }

    private static func startThread(_ body: @escaping @Sendable () -> Void) {
        final class Box {
            let body: @Sendable () -> Void; init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        var identifier: pthread_t = 0
        let context = Unmanaged.passRetained(Box(body)).toOpaque()
        pthread_create(
            &identifier, nil,
            { context in
                Unmanaged<Box>.fromOpaque(context!).takeRetainedValue().body()
                return nil
            }, context)
        pthread_detach(identifier)
    }
}

struct StubRequest: Sendable {
    /// Request line and header lines.
    let head: String
    let body: String
}

struct StubConnection: Sendable {
    let descriptor: Int32

    /// nil once the client has closed, or says nothing for a minute.
    func readRequest() -> StubRequest? {
        var bytes: [UInt8] = []
        while true {
            if let end = bytes.indices.first(where: { bytes[$0...].starts(with: "\r\n\r\n".utf8) }) {
                let head = String(decoding: bytes[..<end], as: UTF8.self)
                let length =
                    head.lowercased().split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
                    .flatMap { Int($0.dropFirst(15).filter(\.isNumber)) } ?? 0
                if bytes.count >= end + 4 + length {
                    return StubRequest(head: head, body: String(decoding: bytes[(end + 4)...], as: UTF8.self))
                }
            }
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            bytes += buffer[..<count]
        }
    }

    func write(_ text: String) {
        var text = text
        text.withUTF8 { _ = send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }
}

/// An answer with a length, so that the connection stays open.
func httpAnswer(_ status: String = "200 OK", headers: String = "", body: String = "") -> String {
    "HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)"
}
