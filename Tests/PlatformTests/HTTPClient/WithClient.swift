import Platform

/// Runs `body` on a loop of its own with a client, and closes both.
func withClient<T: Sendable>(
    allowsPrivate: Bool = true, limits: HTTPClientLimits = HTTPClientLimits(), authorityFile: String? = nil,
    _ body: @escaping @Sendable (HTTPClient, EventLoop) async throws -> T
) async throws -> T {
    try await withClient(
        addressGuard: AddressGuard(allowsPrivate: allowsPrivate), limits: limits,
        authorityFile: authorityFile,
        body)
}

/// - Parameter names: asked before the system's look-up.
func withClient<T: Sendable>(
    addressGuard: AddressGuard, limits: HTTPClientLimits = HTTPClientLimits(), authorityFile: String? = nil,
    names: HTTPClientSettings.Names? = nil,
    _ body: @escaping @Sendable (HTTPClient, EventLoop) async throws -> T
) async throws -> T {
    let loop = try EventLoop()
    try loop.start()
    defer { loop.stop() }
    return try await Task(executorPreference: loop) {
        let client = try HTTPClient(
            loop: loop, addressGuard: addressGuard, limits: limits, authorityFile: authorityFile, names: names
        )
        defer { client.close() }
        return try await body(client, loop)
    }.value
}
