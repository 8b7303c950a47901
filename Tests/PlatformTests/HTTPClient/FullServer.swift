import Glibc

/// Listens and never accepts, its queue filled up: further connections hang in their handshake.
final class FullServer {
    let url: String
    private var descriptors: [Int32] = []

    init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        descriptors = [listener]
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let fillers = (0..<4).map { _ in
            socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
        }
        descriptors += fillers
        let isListening = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                guard bind(listener, $0, length) == 0, listen(listener, 0) == 0,
                    getsockname(listener, $0, &length) == 0
                else { return false }
                for filler in fillers { connect(filler, $0, length) }
                return true
            }
        }
        guard isListening else { throw StubServer.Failure() }
        url = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
    }

    deinit { for descriptor in descriptors { close(descriptor) } }
}
