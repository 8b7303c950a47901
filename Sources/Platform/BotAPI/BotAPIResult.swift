import FoundationEssentials

/// What the Bot API answered to a call that succeeded.
package struct BotAPIResult: Sendable {
    /// The whole answer, `{"ok":true,"result":…}`, as it came.
    package let body: [UInt8]

    private struct Envelope<Value: Decodable>: Decodable {
        let result: Value
    }

    private struct Remark: Decodable {
        let description: String?
    }

    /// The answer's `result`.
    /// - Throws: `HTTPClientError.invalidResponse` when it is something else.
    package func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws(HTTPClientError) -> Value {
        do {
            return try JSONDecoder().decode(Envelope<Value>.self, from: Data(body)).result
        } catch {
            // Not the decoder's own words: they can quote the answer.
            throw .invalidResponse("the result is not as documented")
        }
    }

    /// What Telegram says beside the result: `Webhook was set`. Empty when it says nothing.
    package func remark() throws(HTTPClientError) -> String {
        do {
            return try JSONDecoder().decode(Remark.self, from: Data(body)).description ?? ""
        } catch {
            throw .invalidResponse("the result is not as documented")
        }
    }

    /// The elements of a `result` that is an array, each as the bytes that came.
    func elements() throws(HTTPClientError) -> [[UInt8]] {
        guard let elements = JSONElements.ofResult(in: body) else {
            throw .invalidResponse("the result is not as documented")
        }
        return elements.map { Array(body[$0]) }
    }
}
