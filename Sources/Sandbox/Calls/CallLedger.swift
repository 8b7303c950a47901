import Platform

/// A call of the Bot API, whosever it was.
package struct LedgerEntry: Sendable {
    /// Grows by one with each call, from 1.
    package let id: Int
    /// nil for a token that no bot has.
    package let telegramID: Int64?
    /// In lower case.
    package let method: String
    package let at: Timestamp
    /// nil while the call is not answered yet.
    package internal(set) var status: Int?

    var json: JSON {
        [
            "id": .integer(id), "telegram_id": telegramID.map { .integer($0) } ?? .null,
            "method": .string(method), "status": status.map { .integer($0) } ?? .null,
            "at": .string(at.description),
        ]
    }
}

/// The last calls of all bots, oldest first, and how many there were of each method. Parameters and tokens are not
/// kept here.
struct CallLedger {
    private var entries: [LedgerEntry] = []
    private let limit: Int
    private var nextID = 1
    /// By method and status; only of calls that were answered.
    private(set) var counts: [String: [Int: Int]] = [:]

    init(limit: Int) { self.limit = limit }

    mutating func record(_ method: String, by telegramID: Int64?, at now: Timestamp) -> Int {
        if entries.count >= limit + limit / 4 { entries.removeFirst(entries.count - limit + 1) }
        entries.append(LedgerEntry(id: nextID, telegramID: telegramID, method: method.lowercased(), at: now))
        nextID += 1
        return nextID - 1
    }

    mutating func answered(_ id: Int, _ method: String, status: Int) {
        counts[method.lowercased(), default: [:]][status, default: 0] += 1
        guard let first = entries.first?.id, entries.indices.contains(id - first) else { return }
        entries[id - first].status = status
    }

    /// Those above `id`.
    /// - Parameter method: without regard to case; nil for all.
    func after(_ id: Int, method: String?) -> some Sequence<LedgerEntry> {
        let start = entries.first.map { max(0, id + 1 - $0.id) } ?? 0
        let name = method?.lowercased()
        return entries.dropFirst(start).lazy.filter { name == nil || $0.method == name }
    }

    /// Ids go on from where they were.
    mutating func forgetAll() {
        entries = []
        counts = [:]
    }
}
