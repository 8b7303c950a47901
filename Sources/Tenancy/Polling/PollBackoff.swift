/// The waits after polls that failed: 1 s, doubled each time up to a minute, less up to half at random, so that
/// thousands of bots do not come back at the same moment.
struct PollBackoff: Sendable {
    private static let longest = 60.0

    private(set) var failures = 0

    mutating func reset() { failures = 0 }

    mutating func next() -> Duration {
        let longest = min(Self.longest, Double(1 << min(failures, 6)))
        failures += 1
        return .seconds(longest * Double.random(in: 0.5...1))
    }
}
