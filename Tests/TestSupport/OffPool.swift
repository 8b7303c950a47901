import Platform

/// Runs long work on a thread of its own, so that other tests keep the few that tasks share.
package func offPool<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    let blocking = try BlockingPool(threads: 1)
    defer { blocking.stop() }
    return try await blocking.run(body)
}
