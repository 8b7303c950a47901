/// How much of answers is held until their clients have taken it: an answer may be megabytes, and a client slow.
/// Bounded for all of a loop together, and for one address, so that one slow client leaves room for others.
struct AnswerMemory {
    /// Answers up to this are given whatever is held.
    private static let small = 16 * 1024

    private var all = 0
    private var byNetwork: [IPAddress: Int] = [:]

    /// - Parameter address: nil for one that many clients share, a proxy's.
    /// - Returns: whether there is room; then it is held until `giveBack`.
    mutating func take(_ bytes: Int, for address: IPAddress?, _ limits: HTTPLimits) -> Bool {
        guard bytes > Self.small else { return true }
        let network = address?.network
        let its = network.map { byNetwork[$0] ?? 0 } ?? 0
        // One is always given to whoever holds none, however large.
        guard its == 0 || its + bytes <= limits.answersByAddress, all == 0 || all + bytes <= limits.answers
        else {
            return false
        }
        all += bytes
        if let network { byNetwork[network] = its + bytes }
        return true
    }

    mutating func giveBack(_ bytes: Int, for address: IPAddress?) {
        guard bytes > Self.small else { return }
        all -= bytes
        guard let network = address?.network, let its = byNetwork[network] else { return }
        byNetwork[network] = its > bytes ? its - bytes : nil
    }
}
