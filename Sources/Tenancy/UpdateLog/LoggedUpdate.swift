import Platform

/// An update as it stands in the log.
package struct LoggedUpdate: Sendable, Equatable {
    /// Its place in the log: grows over all bots of the platform, with gaps.
    package let position: Int64
    package let updateID: Int64
    package let kind: String
    package let lane: String
    package let chatID: Int64?
    /// After this moment delivering it is of no use.
    package let deadline: Timestamp?
    package let receivedAt: Timestamp
    /// Telegram's bytes, unchanged.
    package let payload: JSONBytes
}

extension LoggedUpdate: RowDecodable {
    static let columns: SQL = "position, update_id, kind, lane, chat_id, deadline, received_at, payload"

    package init(row: inout Row) throws {
        position = try row.next()
        updateID = try row.next()
        kind = try row.next()
        lane = try row.next()
        chatID = try row.next()
        deadline = try row.next()
        receivedAt = try row.next()
        payload = try row.next()
    }
}
