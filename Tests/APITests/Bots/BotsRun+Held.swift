import Platform
import TestSupport

@testable import API

extension BotsRun {
    /// Runs requests that work on bots, with that work held up until `meanwhile` has ended.
    /// - Parameter meanwhile: gets the answers to those that do not wait, as they come.
    /// - Returns: the answers that came after it.
    func holdingBots(
        _ requests: [@Sendable () async throws -> HTTPClientResponse],
        meanwhile: (_ next: () async throws -> HTTPClientResponse) async throws -> Void
    ) async throws -> [HTTPClientResponse] {
        try await withThrowingTaskGroup(of: HTTPClientResponse.self) { group in
            try await app.fixture.superuser.transaction(nil, readOnly: false) { tx in
                _ = try await tx.execute("SELECT FROM bot_webhook FOR UPDATE")
                for request in requests { group.addTask { try await request() } }
                try await meanwhile({ try await group.next() ?? { throw TimedOut("an answer") }() })
            }
            var answers: [HTTPClientResponse] = []
            for try await answer in group { answers.append(answer) }
            return answers
        }
    }

    /// Until as many requests wait for the right to work on a bot.
    func untilWaiting(_ count: Int64) async throws {
        try await app.fixture.eventually("\(count) to wait", within: .seconds(30)) {
            try await self.app.fixture.superuser.withConnection { connection in
                try await connection.value(
                    """
                    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                        AND wait_event_type = 'Lock' AND query LIKE '%UPDATE bot_webhook SET work_id%'
                    """, as: Int64.self)
            } ?? 0 >= count
        }
    }

    func post(_ path: String, _ json: String? = nil, key: String) async throws -> HTTPClientResponse {
        guard let json else {
            return try await app.send("POST", path, headers: [owner, ("Idempotency-Key", key)])
        }
        return try await app.send("POST", path, json: json, as: owner, headers: [("Idempotency-Key", key)])
    }
}
