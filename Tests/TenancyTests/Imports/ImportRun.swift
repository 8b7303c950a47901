import Platform
import TestSupport

@testable import Sandbox
@testable import Tenancy

/// An importer at work beside a stand-in for Telegram.
struct ImportRun: Sendable {
    let run: ConnectorRun

    var fixture: Fixture { run.fixture }
    var sandbox: Sandbox { run.telegram.sandbox }

    static func with(_ body: @escaping @Sendable (ImportRun) async throws -> Void) async throws {
        try await ConnectorRun.with { run in try await body(ImportRun(run: run)) }
    }

    /// Runs an importer for as long as `body` takes.
    func importing(
        perMinute: Int = 60_000, _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        let importer = BotImporter(
            loop: fixture.loop, database: fixture.database, connector: run.connector, box: fixture.box,
            pace: OnboardingPace(perMinute: perMinute), logger: fixture.logger)
        let running = Task(executorPreference: fixture.loop) { await importer.run() }
        let result = await Task(executorPreference: fixture.loop) { try await body() }.result
        running.cancel()
        await running.value
        try result.get()
    }

    var registration: ImportRegistration {
        ImportRegistration(
            database: fixture.database, connector: run.connector, secrets: ImportSecrets(fixture.box))
    }

    func profiles(_ count: Int) async throws -> [SandboxBotProfile] {
        var profiles: [SandboxBotProfile] = []
        for _ in 0..<count { profiles.append(try await sandbox.addBot()) }
        return profiles
    }

    func create(
        _ tokens: [String], in tenant: Tenant, mode: Bot.Mode = .webhook, takesOver: Bool = false
    ) async throws -> BotImport {
        var settings = BotImport.Settings(mode: mode)
        settings.takesOver = takesOver
        settings.maxConnections = 7
        return try await fixture.database.write(tenant.id) { [settings] tx in
            try await BotImport.create(
                tokens.map { BotImport.NewItem(token: BotToken($0)!, name: nil) }, settings,
                by: "admin_x", box: fixture.box, in: tx)
        }
    }

    func find(_ batch: BotImport) async throws -> BotImport {
        let found = try await fixture.database.read(batch.tenant) { tx in
            try await BotImport.find(batch.id, in: tx)
        }
        return found ?? batch
    }

    func items(_ batch: BotImport) async throws -> [BotImportItem] {
        try await fixture.database.read(batch.tenant) { tx in
            try await batch.items(nil, after: nil, limit: 1000, in: tx)
        }
    }

    /// Waits until nothing of the import waits.
    func finished(_ batch: BotImport) async throws -> [BotImportItem] {
        try await fixture.eventually("the end of the import", within: .seconds(60)) {
            try await find(batch).status == .finished
        }
        return try await items(batch)
    }

    func bots(of tenant: Tenant) async throws -> [Bot] {
        try await fixture.database.read(tenant.id) { tx in try await Bot.all(in: tx) }
    }

    func tokensKept() async throws -> Int {
        try await fixture.count("SELECT count(*) FROM bot_import_item WHERE token_sealed IS NOT NULL")
    }
}
