import Platform

/// An answer kept for an Idempotency-Key. In the clear it is a JSON array: status, body as text, header names and
/// values in turn.
struct KeptAnswer: RowDecodable {
    /// The request's fingerprint and the answer.
    let sealed: [UInt8]
    let createdAt: Timestamp

    init(row: inout Row) throws {
        sealed = try row.next()
        createdAt = try row.next()
    }

    static func bytes(of response: HTTPResponse) -> [UInt8] {
        var body: [UInt8] = []
        if case .bytes(let bytes) = response.body { body = bytes }
        let texts =
            [String(decoding: body, as: UTF8.self)] + response.headers.flatMap { [$0.name, $0.value] }
        return JSONValue.array([.number("\(response.status)")] + texts.map { .string($0) }).json
    }

    static func response(_ bytes: [UInt8]) throws -> HTTPResponse {
        guard case .array(let values) = try JSONValue(parsing: bytes),
            case .number(let number)? = values.first,
            let status = Int(number)
        else { throw JSONValue.Fault.notJSON }
        let texts = values.dropFirst().compactMap { value -> String? in
            if case .string(let text) = value { text } else { nil }
        }
        var headers: HTTPHeaders = ["Idempotency-Replayed": "true"]
        for index in stride(from: 1, to: texts.count - 1, by: 2) {
            headers.add(texts[index], texts[index + 1])
        }
        let body = Array((texts.first ?? "").utf8)
        return HTTPResponse(status: status, headers: headers, body: body.isEmpty ? .empty : .bytes(body))
    }
}
