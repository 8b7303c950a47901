import Glibc

/// A moment in UTC, to the microsecond, as PostgreSQL's timestamptz keeps it.
package struct Timestamp: Hashable, Comparable, Sendable {
    package let microsecondsSince1970: Int64

    package init(microsecondsSince1970: Int64) { self.microsecondsSince1970 = microsecondsSince1970 }

    package static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microsecondsSince1970: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }

    /// Whole seconds, rounded down: Unix time.
    package var secondsSince1970: Int64 {
        let (seconds, rest) = microsecondsSince1970.quotientAndRemainder(dividingBy: 1_000_000)
        return rest < 0 ? seconds - 1 : seconds
    }

    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.microsecondsSince1970 < right.microsecondsSince1970
    }

    package static func + (left: Timestamp, right: Duration) -> Timestamp {
        Timestamp(microsecondsSince1970: left.microsecondsSince1970 + right.microseconds)
    }

    package static func - (left: Timestamp, right: Duration) -> Timestamp {
        Timestamp(microsecondsSince1970: left.microsecondsSince1970 - right.microseconds)
    }

    package static func - (left: Timestamp, right: Timestamp) -> Duration {
        .microseconds(left.microsecondsSince1970 - right.microsecondsSince1970)
    }
}

extension Duration {
    /// Rounded towards zero.
    package var microseconds: Int64 {
        components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    }
    package var milliseconds: Int64 { microseconds / 1000 }
    package var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
