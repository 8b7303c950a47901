import Platform

/// What is known of consumers that are behind or have undelivered updates, looked through page by page, round after
/// round. What a round finds stands until the next one has come to its end.
struct ConsumerTally {
    struct Key: Sendable {
        let tenant: ID<Tenant>
        let consumer: ID<Consumer>
    }

    struct Found: Sendable, RowDecodable {
        let key: BotKey
        let consumer: ID<Consumer>
        let updates: Int64
        let seconds: Int64
        let retrying: Int64
        let dead: Int64
        let expired: Int64

        var hasUndelivered: Bool { retrying + dead + expired > 0 }

        init(row: inout Row) throws {
            consumer = try row.next()
            key = try BotKey(row: &row)
            updates = try row.next()
            seconds = try row.next()
            retrying = try row.next()
            dead = try row.next()
            expired = try row.next()
        }
    }

    /// Kept of a round: what is further behind goes before.
    private static let kept = 10_000

    /// Where the round goes on.
    private(set) var last = Key(tenant: .least, consumer: .least)
    private var round: [ID<Consumer>: Found] = [:]
    private var before: [ID<Consumer>: Found] = [:]

    /// Forgets consumers of other shards.
    mutating func keep(_ shards: Set<Int>) {
        round = round.filter { shards.contains($0.value.key.shard) }
        before = before.filter { shards.contains($0.value.key.shard) }
    }

    /// - Parameter end: after which the round goes on; nil when it is over.
    mutating func take(_ found: [Found], upTo end: Key?) {
        for found in found where found.updates > 0 || found.hasUndelivered { round[found.consumer] = found }
        if round.count > Self.kept {
            let most = round.values.sorted { $0.updates > $1.updates }.prefix(Self.kept)
            round = Dictionary(uniqueKeysWithValues: most.map { ($0.consumer, $0) })
        }
        last = end ?? Key(tenant: .least, consumer: .least)
        guard end == nil else { return }
        before = round
        round = [:]
    }

    /// The furthest behind first.
    func lagging(_ limit: Int) -> [Found] {
        Array(all.filter { $0.updates > 0 }.sorted { $0.updates > $1.updates }.prefix(limit))
    }

    func undelivered(_ limit: Int) -> [Found] {
        Array(
            all.filter(\.hasUndelivered)
                .sorted { ($0.dead, $0.retrying, $0.expired) > ($1.dead, $1.retrying, $1.expired) }.prefix(
                    limit))
    }

    private var all: some Collection<Found> { before.merging(round) { $1 }.values }
}
