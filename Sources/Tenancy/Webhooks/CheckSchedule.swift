import FoundationEssentials
import Platform

/// When each bot's webhook is checked: once an interval, at a moment of the interval that the bot's id gives, so that
/// checks are spread evenly however the bots came to be.
package struct CheckSchedule: Sendable {
    package let interval: Duration

    package init(interval: Duration = .seconds(300)) { self.interval = interval }

    /// A bot checked since is skipped: four fifths of the interval ago.
    package func skipSince(_ now: Timestamp) -> Timestamp { now - interval * 4 / 5 }

    /// The bot's next moment that is four fifths of an interval away at least.
    package func next(after now: Timestamp, for bot: ID<Bot>) -> Timestamp {
        let interval = interval.microseconds
        let earliest = now.microsecondsSince1970 + interval * 4 / 5
        let into = (earliest - phase(of: bot)) % interval
        return Timestamp(microsecondsSince1970: into == 0 ? earliest : earliest + interval - into)
    }

    /// The end of a UUIDv7 is random.
    private func phase(of bot: ID<Bot>) -> Int64 {
        let tail = withUnsafeBytes(of: bot.uuid.uuid) { $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self) }
        return Int64(tail % UInt64(interval.microseconds))
    }
}
