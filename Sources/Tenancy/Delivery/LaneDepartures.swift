/// Which delivery rows are on their way into a lane, told while the lane's rows are looked at: its first row may be
/// sent only when none was on its way that goes before it, at any moment of the look, and a lane without rows is
/// worked off only when none was on its way at all.
struct LaneDepartures {
    /// Positions under way, by lane, in the order in which they set out.
    private var positions: [String: [Int64]] = [:]
    /// Lanes that are being looked at, and the lowest position that has been on its way into each since.
    private var looks: [String: Int64] = [:]

    mutating func begin(_ lane: String, _ position: Int64) {
        positions[lane, default: []].append(position)
        if let lowest = looks[lane], position < lowest { looks[lane] = position }
    }

    mutating func end(_ lane: String, _ position: Int64) {
        guard let index = positions[lane]?.firstIndex(of: position) else { return }
        positions[lane]?.remove(at: index)
        if positions[lane]?.isEmpty ?? false { positions.removeValue(forKey: lane) }
    }

    /// A lane is looked at by one at a time.
    mutating func startLook(at lane: String) { looks[lane] = positions[lane]?.min() ?? .max }

    /// - Returns: the lowest position that was on its way into the lane since `startLook`; `.max`: none was.
    mutating func endLook(at lane: String) -> Int64 { looks.removeValue(forKey: lane) ?? .max }
}
