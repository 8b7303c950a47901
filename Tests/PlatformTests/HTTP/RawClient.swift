import Glibc
import Platform

/// A socket that sends bytes as they are given. Every wait ends after a minute.
final class RawClient {
    struct Answer {
        var status: Int
        var headers: HTTPHeaders
        var body: String
    }

    /// The server closed, reset or kept silent.
    struct NoAnswer: Error {}

    private let socket: Int32
    private var received: [UInt8] = []

    init(port: Int, receiveBuffer: Int32? = nil) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var patience = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        if var receiveBuffer { setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, 4) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw NoAnswer() }
    }

    deinit { close(socket) }

    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    func exchange(_ text: String) throws -> Answer {
        send(text)
        return try answer()
    }

    /// The next answer; pipelined ones are kept for the next call.
    /// - Parameter hasBody: false after HEAD.
    func answer(hasBody: Bool = true) throws -> Answer {
        let head = try take(through: "\r\n\r\n").split(separator: "\r\n")
        var headers = HTTPHeaders()
        for line in head.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers.add(String(parts[0]), String(parts[1].drop { $0 == " " }))
        }
        guard let status = head.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            throw NoAnswer()
        }
        if status == 100 { return try answer(hasBody: hasBody) }
        var body = ""
        if !hasBody || status == 204 {
        } else if let length = headers["Content-Length"].flatMap({ Int($0) }) {
            body = try take(count: length)
        } else if headers["Transfer-Encoding"] == "chunked" {
            // CR LF is one Character.
            while let size = Int(try take(through: "\r\n").dropLast(), radix: 16) {
                if size == 0 { break }
                body += try take(count: size)
                _ = try take(count: 2)
            }
            _ = try take(count: 2)
        }
        return Answer(status: status, headers: headers, body: body)
    }

    /// Reads on until the server closes, and throws away what comes.
    /// - Returns: false when it has not after a minute.
    func awaitClose() -> Bool {
        while true {
            switch receive() {
            case .some(0): return true
            case .some: continue
            case nil: return errno == ECONNRESET
            }
        }
    }

    /// What comes up to and with `end`, as it is on the wire.
    func read(until end: String) throws -> String { try take(through: end) }

    private func take(through end: String) throws -> String {
        let end = Array(end.utf8)
        while true {
            if let found = received.firstRange(of: end) { return try take(count: found.upperBound) }
            guard let count = receive(), count > 0 else { throw NoAnswer() }
        }
    }

    private func take(count: Int) throws -> String {
        while received.count < count {
            guard let more = receive(), more > 0 else { throw NoAnswer() }
        }
        defer { received.removeFirst(count) }
        return String(decoding: received[..<count], as: UTF8.self)
    }

    private func receive() -> Int? {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = recv(socket, &buffer, buffer.count, 0)
        guard count >= 0 else { return nil }
        received.append(contentsOf: buffer[..<count])
        return count
    }
}

func closeSocket(_ descriptor: Int32) { close(descriptor) }
