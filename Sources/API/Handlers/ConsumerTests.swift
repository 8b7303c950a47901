import Auth
import Platform
import Tenancy

/// `/v1/consumers/{consumer_id}/test`: one update that Telegram never sent, to see what the endpoint makes of it.
struct ConsumerTests {
    /// For what an answer takes besides the endpoint's time.
    private static let answerTime = Duration.seconds(10)

    let tester: ConsumerTester

    /// Also of a consumer that is paused: to find out whether it can be resumed.
    @Sendable func send(_ call: Call) async throws -> HTTPResponse {
        let id = try call.id("consumer_id", of: Consumer.self)
        return try await call.writeAsking { _ in
            let target = try await call.read { tx -> PushTarget? in
                _ = try await call.pushConsumer(id, in: tx)
                return try await PushTarget.find(id, box: ConsumerSecrets(box: call.box), in: tx)
            }
            guard let target else { throw Problem.notFound }
            call.request.isAnswered(by: .now + target.timeout + Self.answerTime)
            let test = await tester.send(to: target)
            // A task of its own, since this one is cancelled when the client goes away; awaited right here.
            try await Task(executorPreference: call.loop) {
                try await call.write(in: call.tenant) { tx in
                    try await call.record(
                        AuditEvent(
                            .consumerTest, of: AuditTarget(id),
                            outcome: test.error == nil ? .success : .failure),
                        in: tx)
                }
            }.value
            return .json(200, test.json)
        }
    }
}
