import Platform

/// Updates of a bot's log that a consumer misses: the first, the last, and how many.
struct Missed: Sendable, Equatable {
    let first: Int64
    let last: Int64
    let firstAt: Timestamp
    let lastAt: Timestamp
    let count: Int64

    /// - Parameter parts: those that miss nothing are nil.
    /// - Returns: nil when nothing is missed.
    static func sum(_ parts: some Sequence<Missed?>) -> Missed? {
        parts.reduce(nil) { sum, part in
            guard let sum, let part else { return sum ?? part }
            return Missed(
                first: min(sum.first, part.first), last: max(sum.last, part.last),
                firstAt: min(sum.firstAt, part.firstAt), lastAt: max(sum.lastAt, part.lastAt),
                count: sum.count + part.count)
        }
    }
}

/// Where one of a consumer's two cursors stands.
struct CursorStand: Sendable, Equatable {
    let position: Int64
    let settled: [Int64]

    /// Nothing above is settled.
    var reach: Int64 { settled.reduce(position, max) }
}

/// A piece of the log, and what of it a consumer misses.
struct MissedPage: Sendable, RowDecodable {
    /// It begins behind this position,
    let after: Int64
    /// and ends with this one.
    let last: Int64
    let missed: Missed?

    init(row: inout Row) throws {
        after = try row.next()
        last = try row.next()
        let count = try row.next(Int64.self)
        let (first, end) = (try row.next(Int64?.self), try row.next(Int64?.self))
        let (firstAt, endAt) = (try row.next(Timestamp?.self), try row.next(Timestamp?.self))
        guard let first, let end, let firstAt, let endAt else {
            missed = nil
            return
        }
        missed = Missed(first: first, last: end, firstAt: firstAt, lastAt: endAt, count: count)
    }
}
