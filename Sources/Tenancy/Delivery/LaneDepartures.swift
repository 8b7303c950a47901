/// Whether delivery rows are on their way into a lane, told while the lane's rows are looked at: a look that finds
/// none says that the lane is worked off only when none were on their way at any moment of it.
struct LaneDepartures {
    /// Rows under way, by lane.
    private var rows: [String: Int] = [:]
    /// Lanes that are being looked at, and into which nothing has been on its way since.
    private var quiet: Set<String> = []

    mutating func begin(_ lane: String) {
        rows[lane, default: 0] += 1
        quiet.remove(lane)
    }

    mutating func end(_ lane: String) {
        guard let count = rows[lane] else { return }
        rows[lane] = count > 1 ? count - 1 : nil
    }

    /// A lane is looked at by one at a time.
    mutating func startLook(at lane: String) {
        if rows[lane] == nil { quiet.insert(lane) }
    }

    /// - Returns: whether nothing was on its way into the lane since `startLook`.
    mutating func endLook(at lane: String) -> Bool { quiet.remove(lane) != nil }
}
