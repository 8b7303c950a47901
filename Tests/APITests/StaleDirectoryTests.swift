import Auth
import Platform
import TestSupport
import Testing

@testable import API
@testable import Tenancy

@Suite("Stale tenant directory", .timeLimit(.minutes(10)))
struct StaleDirectoryTests {
    @Test("Nobody gets into a tenant while a suspension may have been missed")
    func stale() async throws {
        try await Fixture.with { fixture in
            let tenant = try await fixture.tenant()
            let (secret, _) = try await fixture.apiKey(in: tenant)
            let directory = TenantDirectory()
            let gate = Gate(
                authenticator: try await fixture.node().authenticator, limits: Limits(), tenants: directory,
                surroundings: Call.Surroundings(
                    loop: fixture.loop, database: fixture.database, trail: fixture.trail, box: fixture.box))
            let route = gate.handler(of: Route(.get, "/v1/nest", .member) { _ in HTTPResponse(status: 204) })
            func status() async throws -> Int {
                let request = HTTPRequest(
                    id: "req_1", method: .get, path: "/v1/nest",
                    headers: ["Authorization": "Bearer \(secret)"], peer: IPAddress("192.0.2.1")!,
                    deadline: .now + .seconds(10))
                do { return try await route.handler(request).status } catch let problem as Problem {
                    return problem.status
                }
            }

            let never = try await status()
            directory.markRefreshed(askedAt: .now)
            let fresh = try await status()
            directory.markRefreshed(askedAt: .now - TenantDirectory.reliableFor)
            let stale = try await status()

            #expect([never, fresh, stale] == [503, 204, 503])
        }
    }
}
