import Auth
import Platform
import Tenancy
import TestSupport
import Testing

@Suite("API key look-ups", .timeLimit(.minutes(10)))
struct APIKeyLookUpTests {
    @Test("Are made while sign-ins hold all connections that there are for them")
    func apart() async throws {
        try await Fixture.with { fixture in
            let (secret, key) = try await fixture.apiKey(in: fixture.tenant())
            func pool() throws -> PostgresPool {
                var configuration = try PostgresConfiguration(url: fixture.testDatabase.programURL())
                configuration.role = "rookery_system"
                return PostgresPool(
                    loop: fixture.loop, configuration: configuration, limit: 1, waitLimit: 10,
                    waitTimeout: .seconds(60), blocking: fixture.blocking, logger: fixture.logger,
                    metrics: fixture.metrics)
            }
            let (accounts, callers) = (try pool(), try pool())
            let database = Database(
                tenants: fixture.superuser, system: accounts, accounts: accounts, callers: callers)
            let authenticator = Authenticator(
                credentials: try await fixture.node().credentials, database: database)

            let caller = try await database.writePlatform { tx in
                try await tx.execute("SELECT 1")
                return try await authenticator.caller(of: secret, from: IPAddress("192.0.2.1")!)
            }

            #expect(caller.identity == .apiKey(key.id))
            await accounts.close()
            await callers.close()
        }
    }
}
