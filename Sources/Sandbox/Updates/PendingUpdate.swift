import Platform

/// An update that waits for its bot.
struct PendingUpdate: Sendable {
    let id: Int64
    let lane: Lane
    /// The whole update as JSON, `update_id` first.
    let body: [UInt8]
    let expiresAt: Timestamp
    var retry = RetryBackoff()

    init(id: Int64, kind: UpdateKind, content: JSON, at now: Timestamp) {
        self.id = id
        lane = kind.lane(of: content)
        body =
            JSON.object([
                JSON.Member(name: "update_id", value: .integer(id)),
                JSON.Member(name: kind.name, value: content),
            ]).bytes
        expiresAt = now + kind.timeToLive
    }
}
