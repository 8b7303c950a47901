import Platform

/// Runs `body` on a loop of its own with a client, and closes both.
func withClient<T: Sendable>(
    allowsPrivate: Bool = true, limits: HTTPClientLimits = HTTPClientLimits(),
    _ body: @escaping @Sendable (HTTPClient, EventLoop) async throws -> T
) async throws -> T {
    let loop = try EventLoop()
    try loop.start()
    defer { loop.stop() }
    return try await Task(executorPreference: loop) {
        let client = try HTTPClient(
            loop: loop, addressGuard: AddressGuard(allowsPrivate: allowsPrivate), limits: limits)
        defer { client.close() }
        return try await body(client, loop)
    }.value
}
