import Glibc

extension EventLoop {
    /// The processors this process may run on.
    package static var coreCount: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

    /// How many loops a node has unless it is told: half of the cores. The other half is for PostgreSQL
    /// and the kernel; and the fewer loops, the more updates share a commit.
    package static var standardCount: Int { max(1, coreCount / 2) }

    /// Makes and starts `count` loops, numbered from 0.
    package static func start(_ count: Int) throws -> [EventLoop] {
        try (0..<count).map { index in
            let loop = try EventLoop(index: index)
            try loop.start()
            return loop
        }
    }

    /// Runs `body` on the loop's thread, for what may only be made or asked there.
    package func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            execute { continuation.resume(with: Result { try body() }) }
        }
    }
}
