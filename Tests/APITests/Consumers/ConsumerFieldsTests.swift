import Platform
import Tenancy
import Testing

@testable import API

@Suite("Fields of a consumer's change", .timeLimit(.minutes(10)))
struct ConsumerFieldsTests {
    private static let push = #"{"type":"push","url":"https://shop.example.com/x"}"#

    @Test("A consumer takes no settings of the other type")
    func otherType() async throws {
        try await ConsumersRun.with { run in
            let push = try await run.make(Self.push).path
            let pull = try await run.make(#"{"type":"pull"}"#).path

            for (path, json) in [
                (push, #"{"visibility_ms":5000}"#), (pull, #"{"url":"https://example.com/"}"#),
                (pull, #"{"telegram_secret_token":null}"#), (pull, #"{"retry":{}}"#),
                (pull, #"{"disable_after_ms":null}"#), (push, #"{"type":"pull"}"#), (push, #"{"name":null}"#),
            ] {
                _ = try ProblemAnswer(try await run.send("PATCH", path, json: json), 422, "invalid_fields")
            }
            let changed = try await run.send("PATCH", pull, json: #"{"visibility_ms":5000}"#)
            #expect(try JSONAnswer(changed, 200)["visibility_ms"] == .number("5000"))
        }
    }

    @Test("All that is wrong with a change is told at once, fields of the other type among it")
    func allFaults() async throws {
        try await ConsumersRun.with { run in
            let push = try await run.make(Self.push).path
            let pull = try await run.make(#"{"type":"pull"}"#).path
            func faults(_ path: String, _ json: String) async throws -> [String] {
                try JSONAnswer(try await run.send("PATCH", path, json: json), 422).pointers
            }

            let ofPush = try await faults(
                push, #"{"visibility_ms":5000,"name":null,"concurrency":0,"crow":1}"#)
            let ofPull = try await faults(
                pull, #"{"url":"https://example.com/","retry":{"crow":1},"visibility_ms":1,"ordering":"x"}"#)
            let nowhere = "/v1/consumers/\(ID<Consumer>())"
            let ofNone = try await faults(nowhere, #"{"url":1,"visibility_ms":1,"crow":1}"#)
            let none = try await run.send("PATCH", nowhere, json: #"{"visibility_ms":5000,"concurrency":2}"#)

            #expect(ofNone == ["/visibility_ms", "/url", "/crow"])
            _ = try ProblemAnswer(none, 404, "not_found")
            #expect(ofPush == ["/name", "/concurrency", "/crow", "/visibility_ms"])
            #expect(ofPull == ["/ordering", "/visibility_ms", "/retry", "/url"])
        }
    }
}
