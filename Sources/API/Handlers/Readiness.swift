import Auth
import Platform
import Tenancy

/// `GET /ready`: should this node get requests? 503 names the checks that fail.
struct Readiness: Sendable {
    let database: Database
    let directory: BotDirectory
    let credentials: Credentials
    let draining: DrainingFlag
    /// The newest migration this program comes with.
    let schemaVersion: Int

    @Sendable func show(_ request: HTTPRequest) async throws -> HTTPResponse {
        let version = await database.schemaVersion()
        let checks = [
            ("database", version != nil),
            ("migrations", version.map { $0 >= schemaVersion } ?? false),
            ("bot_directory", directory.isLoaded),
            ("credentials", credentials.areReady),
            ("accepting", !draining.isRaised),
        ]
        var results = JSONText()
        for (name, isPassed) in checks { results.field(name, isPassed ? "ok" : "failing") }
        let failing = checks.filter { !$0.1 }.map(\.0)
        guard failing.isEmpty else {
            throw Problem(
                503, "not_ready", "This node is not ready",
                detail: "failing: \(failing.joined(separator: ", "))",
                headers: ["Retry-After": "1"], members: [("checks", results.finished)])
        }
        var body = JSONText()
        body.field("status", "ok")
        body.field("checks", literal: results.finished)
        return .json(200, Array(body.finished.utf8))
    }
}
