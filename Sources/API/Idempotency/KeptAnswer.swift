import Platform

/// What is kept for an Idempotency-Key: the answer, or that the request is still at work.
///
/// In the clear an answer is a JSON array: status, body as text, header names and values in turn. That of a request at
/// work is in a second array: what is to be answered should it never end; empty when it has no effect so far.
struct KeptAnswer {
    let isRunning: Bool
    let response: HTTPResponse?

    init(_ bytes: [UInt8]) throws {
        let value = try JSONValue(parsing: bytes)
        guard case .array(let values) = value, values.count < 2, values.isEmpty || values[0].isArray else {
            isRunning = false
            response = try Self.response(value)
            return
        }
        isRunning = true
        response = try values.first.map(Self.response)
    }

    static func running(_ response: HTTPResponse?) -> [UInt8] {
        Array("[".utf8) + (response.map(bytes) ?? []) + Array("]".utf8)
    }

    static func bytes(of response: HTTPResponse) -> [UInt8] {
        var body: [UInt8] = []
        if case .bytes(let bytes) = response.body { body = bytes }
        let texts =
            [String(decoding: body, as: UTF8.self)] + response.headers.flatMap { [$0.name, $0.value] }
        return JSONValue.array([.number("\(response.status)")] + texts.map { .string($0) }).json
    }

    private static func response(_ value: JSONValue) throws -> HTTPResponse {
        guard case .array(let values) = value,
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

extension JSONValue {
    fileprivate var isArray: Bool { if case .array = self { true } else { false } }
}

/// A row of `idempotency_key`.
struct KeptRow: RowDecodable {
    /// The request's fingerprint and what is kept.
    let sealed: [UInt8]
    let createdAt: Timestamp

    init(row: inout Row) throws {
        sealed = try row.next()
        createdAt = try row.next()
    }
}
