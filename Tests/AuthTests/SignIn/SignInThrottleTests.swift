import Auth
import Platform
import Tenancy
import TestSupport
import Testing

@Suite("Sign-in throttle", .timeLimit(.minutes(10)))
struct SignInThrottleTests {
    @Test("A success takes the account's row before the address's, as admission and failure do")
    func order() async throws {
        try await Fixture.with { fixture in
            let address = IPAddress("192.0.2.1")!
            let throttle = SignInThrottle(email: "ada@example.com", address: address)
            for throttle in [throttle, SignInThrottle(email: "eve@example.com", address: address)] {
                try await fixture.database.writePlatform { tx in
                    try await throttle.fail(try await throttle.admit(in: tx), in: tx)
                }
            }
            // The address, which has failed twice, comes one short of its limit: the next attempt is counted at once.
            try await fixture.run("UPDATE sign_in_failure SET failures = 99 WHERE failures = 2")
            let admission = try await fixture.database.writePlatform { tx in try await throttle.admit(in: tx)
            }

            try await fixture.superuser.withConnection { holder in
                try await holder.execute("BEGIN")
                try await holder.execute("SELECT FROM sign_in_failure WHERE failures = 100 FOR UPDATE")
                let success = Task(executorPreference: fixture.loop) {
                    try await fixture.database.writePlatform { tx in
                        try await throttle.succeed(admission, in: tx)
                    }
                }
                // On a connection of its own: within a transaction pg_stat_activity does not change.
                try await fixture.eventually("the success to wait for the address") {
                    try await fixture.superuser.withConnection { other in
                        try await other.value(
                            """
                            SELECT count(*) FROM pg_stat_activity
                            WHERE wait_event_type = 'Lock' AND datname = current_database()
                            """, as: Int.self) == 1
                    }
                }
                let free = try await fixture.superuser.withConnection { other in
                    try await other.values(
                        "SELECT failures FROM sign_in_failure WHERE failures < 100 FOR UPDATE SKIP LOCKED",
                        as: Int32.self)
                }
                try await holder.execute("COMMIT")
                try await success.value

                #expect(free == [1])
            }
            #expect(try await fixture.failures() == [1, 99])
        }
    }
}
