import Platform

/// The sandbox's own time, which may run faster than the world's, so that an hour of retries can be watched
/// in seconds.
struct SandboxClock: Sendable {
    private let speed: Double
    private let origin = Timestamp.now
    private let start = ContinuousClock.now

    /// - Parameter speed: seconds here in a second outside; above 0.
    init(speed: Double) { self.speed = speed }

    var now: Timestamp { origin + (ContinuousClock.now - start) * speed }

    /// How long `duration` here lasts outside.
    func outside(_ duration: Duration) -> Duration { duration / speed }
}
