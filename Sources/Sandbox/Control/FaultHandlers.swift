import Platform

/// The handlers behind `ControlRoutes` for what goes wrong.
struct FaultHandlers: Sendable {
    let sandbox: Sandbox

    // MARK: Of calls

    @Sendable func list(_ request: HTTPRequest) async throws -> HTTPResponse {
        shown(try await sandbox.faults(of: request.telegramID()))
    }

    @Sendable func set(_ request: HTTPRequest) async throws -> HTTPResponse {
        let fault = try fault(request)
        return shown(try await sandbox.setFault(fault, of: request.telegramID()))
    }

    @Sendable func clear(_ request: HTTPRequest) async throws -> HTTPResponse {
        try await sandbox.clearFaults(of: request.telegramID())
        return HTTPResponse(status: 204)
    }

    @Sendable func listOfAll(_ request: HTTPRequest) async throws -> HTTPResponse {
        shown(await sandbox.faults.faults)
    }

    @Sendable func setOfAll(_ request: HTTPRequest) async throws -> HTTPResponse {
        shown(await sandbox.setFaultOfAll(try fault(request)))
    }

    @Sendable func clearOfAll(_ request: HTTPRequest) async throws -> HTTPResponse {
        await sandbox.clearFaultsOfAll()
        return HTTPResponse(status: 204)
    }

    /// Takes the place of the fault for the same method. `next` is `count` by another name.
    private func fault(_ request: HTTPRequest) throws -> SandboxFault {
        var input = try ControlInput(request)
        let method = input.text("method")
        let name = input.word("kind")
        let count =
            input.integer("count", in: 1...Int64(Int32.max))
            ?? input.integer("next", in: 1...Int64(Int32.max))
        _ = input.integer("next")
        let kind = SandboxFault.Kind(
            name: name ?? "", retryAfter: input.integer("retry_after", in: 0...86_400).map { Int($0) },
            description: input.text("description"),
            seconds: input.integer("seconds", in: 1...3600).map { Int($0) },
            migrateTo: input.integer("migrate_to_chat_id"))
        if kind == nil { input.reject("kind", "must be timeout, migrate or a status from 400 to 599") }
        try input.finish()
        guard let kind else { throw Problem.internalError }
        return SandboxFault(method: method?.lowercased(), kind: kind, remaining: count.map { Int($0) })
    }

    private func shown(_ faults: [SandboxFault]) -> HTTPResponse {
        .json(200, JSON.members(["faults": .array(faults.map(\.json))]).bytes)
    }

    // MARK: Of the webhook

    /// `kind`, with `count` deliveries (all until it is taken away) and `retry_after` seconds. The receiver is not asked.
    @Sendable func setDelivery(_ request: HTTPRequest) async throws -> HTTPResponse {
        var input = try ControlInput(request)
        let kind = DeliveryFault.Kind(name: input.word("kind") ?? "")
        let count = input.integer("count", in: 1...Int64(Int32.max)).map { Int($0) }
        let retryAfter = input.integer("retry_after", in: 0...86_400) ?? 0
        if kind == nil { input.reject("kind", "must be refused, timeout or a status from 300 to 599") }
        try input.finish()
        guard let kind else { throw Problem.internalError }
        let fault = DeliveryFault(kind, retryAfter: Int(retryAfter), count: count)
        try await sandbox.setDeliveryFault(fault, of: request.telegramID())
        return .json(200, fault.json.bytes)
    }

    @Sendable func clearDelivery(_ request: HTTPRequest) async throws -> HTTPResponse {
        try await sandbox.setDeliveryFault(nil, of: request.telegramID())
        return HTTPResponse(status: 204)
    }

    /// Somebody else sets the webhook: `url` (empty deletes it), `secret_token`.
    @Sendable func setForeignWebhook(_ request: HTTPRequest) async throws -> HTTPResponse {
        var input = try ControlInput(request)
        let url = input.requiredText("url")
        let secret = input.text("secret_token")
        try input.finish()
        let id = try request.telegramID()
        try await sandbox.setForeignWebhook(url, secretToken: secret, of: id)
        return .json(200, try await sandbox.state(of: id).bytes)
    }

    /// What getWebhookInfo says instead, of the fields given.
    @Sendable func overrideInfo(_ request: HTTPRequest) async throws -> HTTPResponse {
        var input = try ControlInput(request)
        let date: ClosedRange<Int64> = 0...Int64(Int32.max)
        let override = WebhookInfoOverride(
            pendingUpdateCount: input.integer("pending_update_count", in: 0...Int64(Int32.max)).map {
                Int($0)
            },
            lastErrorDate: input.integer("last_error_date", in: date).map { Int($0) },
            lastErrorMessage: input.text("last_error_message"),
            lastSynchronizationErrorDate: input.integer("last_synchronization_error_date", in: date)
                .map { Int($0) })
        try input.finish()
        let id = try request.telegramID()
        try await sandbox.overrideWebhookInfo(override, of: id)
        return .json(200, try await sandbox.state(of: id).bytes)
    }

    @Sendable func clearInfo(_ request: HTTPRequest) async throws -> HTTPResponse {
        try await sandbox.overrideWebhookInfo(nil, of: request.telegramID())
        return HTTPResponse(status: 204)
    }

    // MARK: Of new tokens

    /// `per_minute` (20) and `per_hour` (600): tokens not seen before that an address may come with.
    @Sendable func setNewTokenLimit(_ request: HTTPRequest) async throws -> HTTPResponse {
        var input = try ControlInput(request)
        let standard = NewTokenLimit()
        let limit = NewTokenLimit(
            perMinute: input.integer("per_minute", in: 1...1_000_000).map { Int($0) } ?? standard.perMinute,
            perHour: input.integer("per_hour", in: 1...1_000_000).map { Int($0) } ?? standard.perHour)
        try input.finish()
        await sandbox.setNewTokenLimit(limit)
        return HTTPResponse(status: 204)
    }

    @Sendable func clearNewTokenLimit(_ request: HTTPRequest) async throws -> HTTPResponse {
        await sandbox.setNewTokenLimit(nil)
        return HTTPResponse(status: 204)
    }
}
