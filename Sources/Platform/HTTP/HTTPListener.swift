import Glibc

/// A bound TCP address that several loops listen on, each with a socket of its own (SO_REUSEPORT), so that the
/// kernel spreads connections over them.
///
/// The first socket is bound without SO_REUSEPORT, which is switched on afterwards: so an address that another
/// process listens on is an error even when that process shares it.
package final class HTTPListener {
    package let address: IPAddress
    /// The port bound, also when 0 was asked for.
    package let port: Int
    private var first: Int32?
    private let backlog: Int32

    /// - Throws: `SystemError`, with EADDRINUSE when the port is taken.
    package init(address: IPAddress, port: Int, backlog: Int = 1024) throws {
        self.address = address
        self.backlog = Int32(backlog)
        let descriptor = try Self.bound(address, port, isShared: false)
        do {
            self.port = try Self.port(of: descriptor)
            var one: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &one, socklen_t(MemoryLayout<Int32>.size))
            guard listen(descriptor, Int32(backlog)) == 0 else { throw SystemError.last("listen") }
        } catch {
            close(descriptor)
            throw error
        }
        first = descriptor
    }

    deinit { if let first { close(first) } }

    /// A listening socket, which the caller owns and closes. Ask once for each loop before any serves.
    package func socket() throws -> Int32 {
        if let first {
            self.first = nil
            return first
        }
        let descriptor = try Self.bound(address, port, isShared: true)
        guard listen(descriptor, backlog) == 0 else {
            let failure = SystemError.last("listen")
            close(descriptor)
            throw failure
        }
        return descriptor
    }

    private static func bound(_ address: IPAddress, _ port: Int, isShared: Bool) throws -> Int32 {
        let family = address.isIPv4 ? AF_INET : AF_INET6
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = Glibc.socket(family, type, 0)
        guard descriptor >= 0 else { throw SystemError.last("socket") }
        var one: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        if isShared {
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &one, socklen_t(MemoryLayout<Int32>.size))
        }
        guard bind(descriptor, address, UInt16(clamping: port)) == 0 else {
            let failure = SystemError.last("listening on \(address) port \(port)")
            close(descriptor)
            throw failure
        }
        return descriptor
    }

    private static func bind(_ descriptor: Int32, _ address: IPAddress, _ port: UInt16) -> Int32 {
        func bind<T>(_ value: T) -> Int32 {
            withUnsafePointer(to: value) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<T>.size))
                }
            }
        }
        if address.isIPv4 {
            var value = sockaddr_in()
            value.sin_family = sa_family_t(AF_INET)
            value.sin_port = port.bigEndian
            withUnsafeMutableBytes(of: &value.sin_addr) { $0.copyBytes(from: address.bytes) }
            return bind(value)
        }
        var value = sockaddr_in6()
        value.sin6_family = sa_family_t(AF_INET6)
        value.sin6_port = port.bigEndian
        withUnsafeMutableBytes(of: &value.sin6_addr) { $0.copyBytes(from: address.bytes) }
        return bind(value)
    }

    private static func port(of descriptor: Int32) throws -> Int {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let status = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard status == 0 else { throw SystemError.last("getsockname") }
        // sin_port and sin6_port lie at the same place.
        return withUnsafeBytes(of: storage) {
            Int(UInt16(bigEndian: $0.load(fromByteOffset: 2, as: UInt16.self)))
        }
    }
}
