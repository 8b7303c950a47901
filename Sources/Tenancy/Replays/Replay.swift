import Platform

/// A past range of a bot's log, delivered once more to where a push consumer delivers.
///
/// It is a consumer of its own, of type `replay` and with the same UUID, which reads from the range's first update on:
/// so it keeps the order of lanes, retries, has dead letters, and goes on after a crash.
package struct Replay: Sendable, Identified {
    package static let prefix = "replay"

    package enum Status: String, Sendable, PostgresCodable { case running, finished, cancelled }

    package let id: ID<Replay>
    /// The push consumer to whose endpoint it delivers.
    package let source: ID<Consumer>
    package let from: Timestamp
    package let to: Timestamp
    package let chatID: Int64?
    package let kinds: [String]?
    package let perSecond: Int
    package let status: Status
    /// Updates in the range that match; nil: too many to have been counted.
    package let total: Int64?
    /// What became of them so far.
    package let progress: Progress
    package let createdAt: Timestamp
    package let updatedAt: Timestamp
    package let finishedAt: Timestamp?

    package struct Progress: Sendable, Equatable {
        /// nil when there are too many rows to be counted.
        package let delivered: Int64?
        /// Not delivered yet; nil when this or the total is not known.
        package let pending: Int64?
        /// This and the next are counted up to `DeliveryCounts.most`, in a list up to less.
        package let retrying: Int64
        package let dead: Int64
        /// Their time was over before the replay, or in it.
        package let expired: Int64
    }

    /// The consumer that it is.
    package var consumer: ID<Consumer> { ID(id.uuid) }
}

extension Replay {
    /// What to deliver once more.
    package struct New: Sendable {
        package let from: Timestamp
        package let to: Timestamp
        package var chatID: Int64?
        /// nil: those that the consumer wants.
        package var kinds: [String]?
        package var perSecond = 50

        package init(from: Timestamp, to: Timestamp) {
            self.from = from
            self.to = to
        }
    }
}

extension Replay: RowDecodable {
    /// From `replay` as it is, its consumer as `own`, and what of `rows`.
    package init(row: inout Row) throws {
        id = try row.next()
        source = try row.next()
        from = try row.next()
        to = try row.next()
        chatID = try row.next()
        kinds = try row.next()
        perSecond = Int(try row.next(Int32.self))
        status = try row.next()
        total = try row.next()
        createdAt = try row.next()
        updatedAt = try row.next()
        finishedAt = try row.next()
        progress = Progress(
            passed: try row.next(), over: try row.next(), total: total, behind: try row.next(),
            ahead: try row.next(), retrying: try row.next(), dead: try row.next(), expired: try row.next(),
            most: try row.next())
    }
}

extension Replay.Progress {
    /// - Parameters:
    ///   - passed: matching updates that the cursor has come past.
    ///   - over: those whose time was over before; they are not among the passed.
    ///   - behind: delivery rows among the passed.
    ///   - ahead: delivery rows beyond them.
    ///   - most: rows of one status that are counted.
    fileprivate init(
        passed: Int64, over: Int64, total: Int64?, behind: Int64, ahead: Int64, retrying: Int64, dead: Int64,
        expired: Int64, most: Int64
    ) {
        let isKnown = max(retrying, dead, expired) < most
        delivered = isKnown ? max(0, passed - behind) : nil
        pending = isKnown ? total.map { max(0, $0 - over - passed - ahead) } : nil
        self.retrying = retrying
        self.dead = dead
        self.expired = over + expired
    }
}
