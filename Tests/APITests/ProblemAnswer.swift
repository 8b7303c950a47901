import FoundationEssentials
import Platform
import Testing

/// problem+json as a client reads it.
struct ProblemAnswer: Decodable {
    let type: String
    let title: String
    let status: Int
    let code: String
    let detail: String?
    let requestID: String
    let checks: [String: String]?

    private enum CodingKeys: String, CodingKey {
        case type, title, status, code, detail, checks
        case requestID = "request_id"
    }

    /// Checks that the answer is a problem in the form that every problem has.
    init(
        _ answer: HTTPClientResponse, _ status: Int, _ code: String,
        location: SourceLocation = #_sourceLocation
    ) throws {
        self = try JSONDecoder().decode(ProblemAnswer.self, from: Data(answer.body))
        #expect(answer.status == status, sourceLocation: location)
        #expect(self.status == status, sourceLocation: location)
        #expect(self.code == code, sourceLocation: location)
        #expect(type == "urn:rookery:problem:" + code, sourceLocation: location)
        #expect(!title.isEmpty, sourceLocation: location)
        #expect(answer.header("Content-Type") == "application/problem+json", sourceLocation: location)
        #expect(requestID.hasPrefix("req_") && requestID.count == 30, sourceLocation: location)
        #expect(answer.header("Request-Id") == requestID, sourceLocation: location)
    }
}
