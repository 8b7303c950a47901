import FoundationEssentials
import Platform
import TestSupport
import Testing

@testable import API

@Suite("Infrastructure routes", .serialized, .timeLimit(.minutes(10)))
struct InfrastructureTests {
    private struct Health: Decodable {
        let status: String
        let version: String
        let loops: Int
        let activeRequests: Int
        let uptime: Int

        private enum CodingKeys: String, CodingKey {
            case status, version, loops
            case activeRequests = "active_requests"
            case uptime = "uptime_seconds"
        }
    }

    @Test("Health tells of the process")
    func health() async throws {
        try await RunningApp.with { app in
            let answer = try await app.get("/health")

            let health = try JSONDecoder().decode(Health.self, from: Data(answer.body))
            #expect(answer.status == 200)
            #expect(health.status == "ok" && health.loops == 2 && health.version == CommandLineFront.version)
            #expect(health.activeRequests >= 1 && health.uptime >= 0)
        }
    }

    @Test("Ready when migrated, connected and loaded")
    func ready() async throws {
        try await RunningApp.with { app in
            try await app.fixture.eventually("readiness") { try await app.get("/ready").status == 200 }

            let body = String(decoding: try await app.get("/ready").body, as: UTF8.self)
            #expect(body.contains(#""status":"ok""#) && !body.contains("failing"))
        }
    }

    @Test("An older schema is named as what fails")
    func notMigrated() async throws {
        try await RunningApp.with { app in
            try await app.fixture.eventually("readiness") { try await app.get("/ready").status == 200 }
            try await app.fixture.superuser.withConnection { connection in
                _ = try await connection.execute(
                    "DELETE FROM schema_migration WHERE version = (SELECT max(version) FROM schema_migration)"
                )
            }

            let problem = try ProblemAnswer(await app.get("/ready"), 503, "not_ready")

            #expect(problem.checks?["migrations"] == "failing")
            #expect(problem.checks?["database"] == "ok")
            #expect(problem.detail?.contains("migrations") == true)
        }
    }

    @Test("Without a database readiness fails, health does not, and updates get 503 with Retry-After")
    func noDatabase() async throws {
        try await RunningApp.with(settings: ["DATABASE_URL": "postgres://x:y@127.0.0.1:1/z"]) { app in
            let problem = try ProblemAnswer(await app.get("/ready"), 503, "not_ready")
            let health = try await app.get("/health")
            let update = try await app.post(#"{"update_id":1}"#, to: "bot_01h455vb4pex5vsknk084sn02q")

            #expect(problem.checks?["database"] == "failing")
            #expect(problem.checks?["bot_directory"] == "failing")
            #expect(problem.checks?["credentials"] == "failing")
            #expect(health.status == 200)
            _ = try ProblemAnswer(update, 503, "unavailable")
            #expect(update.header("Retry-After") != nil)
        }
    }

    @Test("The API's description is served as it lies in the project")
    func description() async throws {
        try await RunningApp.with { app in
            let answer = try await app.get("/openapi.yaml")

            #expect(answer.status == 200)
            #expect(answer.header("Content-Type") == "application/yaml")
            #expect(String(decoding: answer.body, as: UTF8.self) == (try ProjectText.read("openapi.yaml")))
        }
    }

    @Test("The API's description and its page are there while others read none of their answers")
    func pages() async throws {
        try await RunningApp.with { app in
            let answers = try await app.withAnswersHeld {
                [try await app.get("/openapi.yaml"), try await app.get("/docs")]
            }

            #expect(answers.map(\.status) == [200, 200])
            #expect(
                String(decoding: answers[1].body, as: UTF8.self) == (try ProjectText.read("docs/api.html")))
        }
    }

    @Test("Metrics are on the admin address only")
    func metrics() async throws {
        try await RunningApp.with { app in
            let admin = try await app.send("GET", "/metrics", admin: true)
            let open = try await app.get("/metrics")

            #expect(admin.status == 200)
            #expect(String(decoding: admin.body, as: UTF8.self).contains("\nrookery_"))
            _ = try ProblemAnswer(open, 404, "not_found")
        }
    }

    @Test("Metrics tell what the node holds")
    func holdings() async throws {
        try await RunningApp.with { app in
            _ = try await app.bot()
            try await app.fixture.eventually("the shards") {
                try await app.metrics().contains("\nrookery_shards_held 64\n")
            }

            let series = try await app.metrics().split(separator: "\n")

            func value(_ name: String) -> Int? {
                series.first { $0.hasPrefix(name + " ") }.flatMap { Int($0.dropFirst(name.count + 1)) }
            }
            #expect(value("rookery_directory_bots") == 1)
            for name in ["push_consumers", "open_breakers", "held_lanes", "journal_backlog"] {
                #expect(value("rookery_\(name)") == 0, "\(name)")
            }
            #expect(value("rookery_append_waiting_updates") == 0)
            #expect(value("rookery_build_info{version=\"\(CommandLineFront.version)\"}") == 1)
            #expect((1 << 20..<1 << 40).contains(value("process_resident_memory_bytes") ?? 0))
            #expect((10..<100_000).contains(value("process_open_fds") ?? 0))
        }
    }

    @Test("A wrong method is answered 405 with those that are right, and HEAD goes where GET goes")
    func methods() async throws {
        try await RunningApp.with { app in
            let wrong = try await app.send("DELETE", "/health")
            let head = try await app.send("HEAD", "/health")

            _ = try ProblemAnswer(wrong, 405, "method_not_allowed")
            #expect(wrong.header("Allow")?.contains("GET") == true)
            #expect(head.status == 200 && head.body.isEmpty)
        }
    }
}
