import Platform

/// How many tokens that Telegram has not seen before an address may come with: about 20 a minute and 600 an hour.
package struct NewTokenLimit: Sendable, Equatable {
    package var perMinute: Int
    package var perHour: Int

    package init(perMinute: Int = 20, perHour: Int = 600) {
        self.perMinute = perMinute
        self.perHour = perHour
    }
}

/// When which address came with new tokens within the last hour.
struct NewTokenSights {
    private var sights: [IPAddress: [Timestamp]] = [:]

    /// - Returns: seconds to wait; nil when it is not too many, and then it counts.
    mutating func see(from address: IPAddress, at now: Timestamp, limit: NewTokenLimit) -> Int? {
        let hourAgo = now - .seconds(3600)
        var recent = (sights[address] ?? []).filter { $0 > hourAgo }
        defer { sights[address] = recent.isEmpty ? nil : recent }
        let inMinute = recent.drop { $0 <= now - .seconds(60) }
        var wait = Duration.zero
        if recent.count >= limit.perHour { wait = recent[recent.count - limit.perHour] - hourAgo }
        if inMinute.count >= limit.perMinute, let first = inMinute.suffix(limit.perMinute).first {
            wait = max(wait, first + .seconds(60) - now)
        }
        guard wait > .zero else {
            recent.append(now)
            return nil
        }
        return Int(wait.components.seconds) + 1
    }
}
