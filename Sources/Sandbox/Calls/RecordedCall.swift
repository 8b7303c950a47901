import Platform

/// A call that a bot made of the Bot API, kept so that a test or a person can read what the bot did.
package struct RecordedCall: Sendable {
    package enum Way: String, Sendable {
        /// An HTTP request of its own.
        case request
        /// The body of the answer to a webhook delivery.
        case webhook
    }

    /// Grows by one with each call of this bot, from 1.
    package let id: Int
    /// As the bot wrote it.
    package let method: String
    let parameters: JSON
    package let way: Way
    package let at: Timestamp
    /// nil while the call is not answered yet.
    package internal(set) var status: Int?

    /// A JSON object.
    package var parametersText: String { parameters.text }

    var json: JSON {
        .members([
            "id": .integer(id), "method": .string(method), "parameters": parameters,
            "via": .string(way.rawValue),
            "status": status.map { .integer($0) } ?? .null, "at": .string(at.description),
        ])
    }
}

/// The last calls of a bot, oldest first. Older ones are forgotten past `limit`.
struct CallLog {
    private(set) var calls: [RecordedCall] = []
    private let limit: Int
    private var nextID = 1

    init(limit: Int) { self.limit = limit }

    mutating func record(_ method: String, _ parameters: JSON, by way: RecordedCall.Way, at now: Timestamp)
        -> Int
    {
        if calls.count >= limit + limit / 4 { calls.removeFirst(calls.count - limit + 1) }
        calls.append(RecordedCall(id: nextID, method: method, parameters: parameters, way: way, at: now))
        nextID += 1
        return nextID - 1
    }

    mutating func answered(_ id: Int, status: Int) {
        guard let first = calls.first?.id, calls.indices.contains(id - first) else { return }
        calls[id - first].status = status
    }

    /// - Parameter method: compared without regard to case; nil for all.
    func after(_ id: Int, method: String?) -> [RecordedCall] {
        let start = calls.first.map { max(0, id + 1 - $0.id) } ?? 0
        let name = method?.lowercased()
        return calls.dropFirst(start).filter { name == nil || $0.method.lowercased() == name }
    }

    /// Ids go on from where they were.
    mutating func forgetAll() { calls = [] }
}
