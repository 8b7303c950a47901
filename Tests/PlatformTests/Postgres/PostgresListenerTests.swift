import Platform
import TestSupport
import Testing

@Suite("Postgres listener", .timeLimit(.minutes(10)))
struct PostgresListenerTests {
    @Test("Notifications arrive, and after a lost connection it listens again and says so")
    func listensAgain() async throws {
        try await PostgresFixture.with { fixture in
            let (events, continuation) = AsyncStream.makeStream(of: String.self)
            let listener = PostgresListener(
                loop: fixture.loop, configuration: fixture.database.configuration,
                channels: ["nest", "Odd \"one\""],
                blocking: fixture.blocking, logger: Logger(minimum: .error),
                onNotification: { continuation.yield("\($0.channel): \($0.payload)") },
                onReconnect: { continuation.yield("listening") })
            var iterator = events.makeAsyncIterator()

            listener.start()

            #expect(await iterator.next() == "listening")
            try await fixture.database.run(script: "NOTIFY nest, 'one'")
            #expect(await iterator.next() == "nest: one")
            try await fixture.database.run(script: "NOTIFY \"Odd \"\"one\"\"\", 'two'")
            #expect(await iterator.next() == "Odd \"one\": two")

            try await fixture.database.run(
                script: """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid()
                    """)

            #expect(await iterator.next() == "listening")
            try await fixture.database.run(script: "NOTIFY nest, 'three'")
            #expect(await iterator.next() == "nest: three")
            listener.stop()
        }
    }
}
