import Platform

/// A bot's updates that are neither delivered nor confirmed, by id and by lane.
struct PendingUpdates {
    private var updates: [Int64: PendingUpdate] = [:]
    /// Ascending; ids that are gone stay until they come to the front or are too many.
    private var order: [Int64] = []
    private var queues: [Lane: [Int64]] = [:]

    var count: Int { updates.count }
    var lanes: [Lane: Int] { queues.mapValues(\.count) }

    subscript(id: Int64) -> PendingUpdate? { updates[id] }

    /// The id must be above all before.
    mutating func append(_ update: PendingUpdate) {
        updates[update.id] = update
        order.append(update.id)
        queues[update.lane, default: []].append(update.id)
    }

    /// The lane's oldest. Expired ones before it are dropped.
    /// - Returns: nil once the lane is empty.
    mutating func head(of lane: Lane, at now: Timestamp) -> PendingUpdate? {
        while let id = queues[lane]?.first, let update = updates[id] {
            if update.expiresAt >= now { return update }
            remove(id)
        }
        return nil
    }

    func isEmpty(_ lane: Lane) -> Bool { queues[lane] == nil }

    mutating func replace(_ update: PendingUpdate) {
        if updates[update.id] != nil { updates[update.id] = update }
    }

    mutating func remove(_ id: Int64) {
        guard let update = updates.removeValue(forKey: id) else { return }
        if let index = queues[update.lane]?.firstIndex(of: id) { queues[update.lane]?.remove(at: index) }
        if queues[update.lane]?.isEmpty == true { queues[update.lane] = nil }
        if order.count > 2 * updates.count + 64 { order.removeAll { updates[$0] == nil } }
    }

    mutating func removeAll() { self = PendingUpdates() }

    /// Forgets what getUpdates confirmed.
    mutating func confirm(below offset: Int64) {
        for id in order.prefix(while: { $0 < offset }) { remove(id) }
    }

    /// Forgets all but the last `count`.
    mutating func keepLast(_ count: Int) {
        let live = order.filter { updates[$0] != nil }
        for id in live.dropLast(count) { remove(id) }
    }

    /// The oldest `limit` that are alive; expired ones among them are dropped.
    mutating func oldest(_ limit: Int, at now: Timestamp) -> [PendingUpdate] {
        var found: [PendingUpdate] = []
        var expired: [Int64] = []
        for id in order {
            if found.count >= limit { break }
            guard let update = updates[id] else { continue }
            if update.expiresAt < now { expired.append(id) } else { found.append(update) }
        }
        for id in expired { remove(id) }
        return found
    }
}
