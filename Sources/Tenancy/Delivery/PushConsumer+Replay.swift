/// A replay is a consumer like every other, but that its log has an end, and that it has a pace of its own: see
/// `ReplayTarget`, `ReplayPace`. `Replays` notes how far it has come, and when it is through.
extension PushConsumer {
    /// Nothing further in the log is its business.
    var hasReadRange: Bool { target.replay.map { tracks.main.lastRead >= $0.until } ?? false }
}
