import Platform

/// An update as a puller gets it.
package struct PulledUpdate: Sendable, RowDecodable {
    package let position: Int64
    package let updateID: Int64
    package let kind: String
    package let receivedAt: Timestamp
    /// Telegram's bytes, unchanged.
    package let payload: JSONBytes

    package init(row: inout Row) throws {
        position = try row.next()
        updateID = try row.next()
        kind = try row.next()
        receivedAt = try row.next()
        payload = try row.next()
    }
}

/// Why a consumer gives nothing.
package enum PullRefusal: Error {
    /// The tenant has no such consumer, or its bot is deleted.
    case missing
    /// It delivers by itself.
    case notPull
    /// Paused, or disabled.
    case paused
    /// As many wait already as may.
    case tooManyWaiting
}

/// What one look for updates came to.
package struct PullOutcome: Sendable {
    package var updates: [PulledUpdate] = []
    /// There is more than was asked for, though some may have to wait for what was given now.
    package var hasMore = false
    let bot: BotKey
    /// When to look again, though nobody says that there is news.
    var nextLook: Duration?
    /// Much was looked through for nothing, since what is out holds it: what is appended now is behind that.
    var isHeldBack = false

    /// Before that a node may not know yet that the bot has a pull consumer, and tell nobody of its news.
    static let youth = Duration.seconds(10)
}
