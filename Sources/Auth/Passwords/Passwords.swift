import Platform

/// Hashes and checks passwords on threads of their own, which have the least claim to the processor and take only so
/// many at a time: a flood of sign-ins costs neither memory (32 MiB a thread) nor the API's latency.
package struct Passwords: Sendable {
    /// More wait already than may; try again later.
    package struct Busy: Error {
        package static let retryAfter = 2
    }

    static let queueLength = 16
    package static let niceness: Int32 = 19

    private let pool: BlockingPool
    private let cost: PasswordHash.Cost
    private let unmatched: PasswordHash

    /// - Parameters:
    ///   - cost: less than the standard only where hashing itself is not what is tried.
    ///   - niceness: less likewise: on a busy machine such threads may wait for seconds.
    package init(
        threads: Int, cost: PasswordHash.Cost = .standard, niceness: Int32 = Passwords.niceness
    ) throws {
        pool = try BlockingPool(threads: threads, capacity: Self.queueLength, niceness: niceness)
        self.cost = cost
        unmatched = .unmatched(cost: cost)
    }

    /// - Throws: `Busy`
    package func hash(_ password: String) async throws -> PasswordHash {
        let cost = cost
        return try await run { try PasswordHash(of: password, cost: cost) }
    }

    /// Checks a password. It takes the same time whether or not there is an account to check it against.
    /// - Parameter hash: nil: no password is the right one.
    /// - Throws: `Busy`
    package func check(_ password: String, against hash: PasswordHash?) async throws -> Bool {
        let reference = hash ?? unmatched
        let matches = try await run { reference.matches(password) }
        return matches && hash != nil
    }

    package func needsRehash(_ hash: PasswordHash) -> Bool { hash.needsRehash(to: cost) }

    package func stop() { pool.stop() }

    func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        do { return try await pool.run(body) } catch is BlockingPool.Full { throw Busy() }
    }
}
