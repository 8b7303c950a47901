/// The statements one connection has prepared, by text and parameter types.
///
/// A statement counts as prepared once the server has said so; until then others with the same text go
/// unprepared, so that a failed preparation is no one else's failure. Past `capacity` nothing is added: the
/// program's texts are few, and evicting would only churn.
struct PreparedStatements {
    struct Key: Hashable {
        let text: String
        let types: [UInt32]
    }

    enum Plan { case prepared(name: String), prepare(name: String), unprepared }

    private enum Entry { case preparing(String), ready(String) }

    static let capacity = 256

    private var entries: [Key: Entry] = [:]
    private var lastNumber = 0

    mutating func plan(for key: Key) -> Plan {
        switch entries[key] {
        case .ready(let name): return .prepared(name: name)
        case .preparing: return .unprepared
        case nil:
            guard entries.count < Self.capacity else { return .unprepared }
            // Never the same name twice: the server may still hold the statement of one that was forgotten.
            lastNumber += 1
            let name = "s\(lastNumber)"
            entries[key] = .preparing(name)
            return .prepare(name: name)
        }
    }

    mutating func confirm(_ key: Key) {
        if case .preparing(let name) = entries[key] { entries[key] = .ready(name) }
    }

    mutating func forget(_ key: Key) { entries[key] = nil }
}
