/// How much of answers is held until their clients have taken it: an answer may be megabytes, and a client slow.
///
/// Bounded for all of a loop together, and for one address, so that one slow client leaves room for others. Past the
/// bound for all there is a second part, for first answers to addresses that hold none: some that do not read cannot
/// keep out everybody else.
struct AnswerMemory {
    /// Answers up to this are given whatever is held.
    private static let small = 16 * 1024

    private var all = 0
    private var byNetwork: [IPAddress: Int] = [:]

    /// - Parameter address: nil for one that many clients share, a proxy's.
    /// - Returns: whether there is room; then it is held until `giveBack`.
    mutating func take(_ bytes: Int, for address: IPAddress?, _ limits: HTTPLimits) -> Bool {
        guard bytes > Self.small else { return true }
        guard hasRoom(for: bytes, address?.network, limits) else { return false }
        hold(bytes, for: address)
        return true
    }

    /// The same without asking, for an answer that has to be given.
    mutating func hold(_ bytes: Int, for address: IPAddress?) {
        guard bytes > Self.small else { return }
        all += bytes
        if let network = address?.network { byNetwork[network, default: 0] += bytes }
    }

    private func hasRoom(for bytes: Int, _ network: IPAddress?, _ limits: HTTPLimits) -> Bool {
        // One is always given when none is held, however large.
        guard all > 0 else { return true }
        let room = limits.answers - all
        guard let network else { return bytes <= room }
        guard let its = byNetwork[network] else { return bytes <= room + limits.firstAnswers }
        return its + bytes <= limits.answersByAddress && bytes <= room
    }

    mutating func giveBack(_ bytes: Int, for address: IPAddress?) {
        guard bytes > Self.small else { return }
        all -= bytes
        guard let network = address?.network, let its = byNetwork[network] else { return }
        byNetwork[network] = its > bytes ? its - bytes : nil
    }
}
