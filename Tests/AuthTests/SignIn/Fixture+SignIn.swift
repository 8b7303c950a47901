import Auth
import Platform
import TestSupport

extension Fixture {
    func run(_ sql: SQL) async throws {
        _ = try await superuser.withConnection { connection in try await connection.execute(sql) }
    }

    /// Lets time pass for what is known of failures.
    /// - Parameter lastAt: whether the failures are that long ago as well; else only the door opens earlier.
    func passTime(_ interval: String, lastAt: Bool = true) async throws {
        try await run(
            """
            UPDATE sign_in_failure SET blocked_until = blocked_until - \(interval)::text::interval,
                last_at = CASE WHEN \(lastAt) THEN last_at - \(interval)::text::interval ELSE last_at END
            """)
    }

    /// How often each e-mail and address has failed, the least often first.
    func failures() async throws -> [Int] {
        try await superuser.withConnection { connection in
            try await connection.value(
                "SELECT coalesce(array_agg(failures ORDER BY failures), '{}') FROM sign_in_failure",
                as: [Int].self)
        } ?? []
    }

    /// Seconds from the last failure to when the door opens.
    func longestDelay() async throws -> Int {
        try await superuser.withConnection { connection in
            try await connection.value(
                "SELECT max(extract(epoch FROM blocked_until - last_at))::bigint FROM sign_in_failure",
                as: Int.self)
        } ?? -1
    }

    /// Outcome and target of the events of an action, the oldest first.
    func audit(_ action: String) async throws -> [String] {
        try await superuser.withConnection { connection in
            try await connection.value(
                """
                SELECT coalesce(array_agg(outcome || ' ' || coalesce(target_id, '') ORDER BY id), '{}') FROM audit_event
                WHERE action = \(action)
                """, as: [String].self)
        } ?? []
    }
}
