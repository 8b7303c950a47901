import Auth
import Platform
import Tenancy

/// `/v1/bot-imports`: many bots connected at the pace that Telegram allows.
struct BotImports {
    let connector: BotConnector
    let pace: OnboardingPace

    /// Only writes down what is to be done; the answer's `Location` tells how far it has come.
    @Sendable func create(_ call: Call) async throws -> HTTPResponse {
        let new = try call.body(NewBotImport.init)
        let address = connector.address
        if new.settings.mode == .webhook, address.url == nil, !address.isPollingWithout {
            throw BotConnector.NoPublicAddress()
        }
        let queue = try await queue(call)
        return try await call.write { tx in
            let batch = try await BotImport.create(
                new.items, new.settings, by: call.caller.name, box: call.box, in: tx)
            try await call.record(.created(batch), in: tx)
            return .json(202, answer(batch, queue).json, headers: ["Location": "/v1/bot-imports/\(batch.id)"])
        }
    }

    @Sendable func list(_ call: Call) async throws -> HTTPResponse {
        let query = try call.list()
        let last = try query.after(BotImport.self)
        let batches = try await call.read { tx in
            try await BotImport.page(after: last, limit: query.limit + 1, in: tx)
        }
        let queue = try await queue(call)
        return query.answer(batches.map { answer($0, queue) }, key: \.batch.id.description)
    }

    @Sendable func show(_ call: Call) async throws -> HTTPResponse {
        let batch = try await found(call)
        return .json(200, answer(batch, try await queue(call)).json)
    }

    /// What waits is wiped; bots that are connected stay.
    @Sendable func cancel(_ call: Call) async throws -> HTTPResponse {
        let id = try call.id("import_id", of: BotImport.self)
        return try await call.write { tx in
            guard let before = try await BotImport.find(id, in: tx),
                let batch = try await BotImport.cancel(id, in: tx)
            else { throw Problem.notFound }
            if before.status != batch.status { try await call.record(.cancelled(batch), in: tx) }
            return .noContent
        }
    }

    @Sendable func items(_ call: Call) async throws -> HTTPResponse {
        let query = try call.list(filters: ["status"])
        let status = try query.filter(
            "status", expected: "waiting, registered, failed or cancelled", BotImportItem.Status.init)
        let batch = try await found(call)
        let items = try await call.read { tx in
            try await batch.items(
                status, after: query.after.flatMap { Int($0) }, limit: query.limit + 1, in: tx)
        }
        return query.answer(items, key: { "\($0.place)" })
    }

    private func found(_ call: Call) async throws -> BotImport {
        let id = try call.id("import_id", of: BotImport.self)
        return try await call.found { tx in try await BotImport.find(id, in: tx) }
    }

    private func queue(_ call: Call) async throws -> BotImport.Queue? {
        try await call.readPlatform { tx in try await BotImport.Queue.find(in: tx) }
    }

    private func answer(_ batch: BotImport, _ queue: BotImport.Queue?) -> BotImportAnswer {
        BotImportAnswer(batch: batch, finish: batch.estimatedFinish(queue, pace: pace))
    }
}

private struct NewBotImport {
    private static let most = 1000

    let items: [BotImport.NewItem]
    let settings: BotImport.Settings

    init?(_ body: inout RequestBody) {
        let items = body.objects("bots", 1...Self.most, BotImport.NewItem.init)
        let mode = body.required("mode", Field<Bot.Mode>.choice)
        let maxConnections = body.optional("max_connections", .integer(1...100))
        let allowedUpdates = body.optional("allowed_updates", .updateKinds)
        let isAutoRefreshed = body.optional("auto_refresh", .boolean) ?? true
        let takesOver = body.optional("take_over", .boolean) ?? false
        guard let items, let mode else { return nil }
        self.items = items
        var settings = BotImport.Settings(mode: mode)
        settings.maxConnections = maxConnections
        settings.allowedUpdates = allowedUpdates
        settings.isAutoRefreshed = isAutoRefreshed
        settings.takesOver = takesOver
        self.settings = settings
    }
}

extension BotImport.NewItem {
    fileprivate init?(_ body: inout RequestBody) {
        let text = body.required("token", .secret(upTo: 256))
        let name = body.optional("name", .text(1...200))
        guard let text else { return nil }
        guard let token = BotToken(text) else {
            body.fail("token", "invalid_token", "is the token of no bot")
            return nil
        }
        self.init(token: token, name: name)
    }
}
