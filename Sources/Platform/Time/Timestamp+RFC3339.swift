import Glibc

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 in UTC with milliseconds: `2026-01-31T23:59:59.123Z`.
    package var description: String {
        var seconds = time_t(secondsSince1970)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        let milliseconds = (microsecondsSince1970 - secondsSince1970 * 1_000_000) / 1000
        return Self.padded(Int(parts.tm_year) + 1900, 4) + "-" + Self.padded(Int(parts.tm_mon) + 1, 2) + "-"
            + Self.padded(Int(parts.tm_mday), 2) + "T" + Self.padded(Int(parts.tm_hour), 2) + ":"
            + Self.padded(Int(parts.tm_min), 2) + ":" + Self.padded(Int(parts.tm_sec), 2) + "."
            + Self.padded(Int(milliseconds), 3) + "Z"
    }

    /// Parses RFC 3339 with any offset and any number of fraction digits (those past the sixth are cut).
    package init?(_ text: some StringProtocol) {
        let expression =
            #/(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:([Zz])|([+-])(\d\d):(\d\d))/#
        guard let match = try? expression.wholeMatch(in: String(text)) else { return nil }
        let (_, year, month, day, hour, minute, second, fraction, _, sign, offsetHours, offsetMinutes) = match
            .output
        var parts = tm()
        parts.tm_year = Int32(year)! - 1900
        parts.tm_mon = Int32(month)! - 1
        parts.tm_mday = Int32(day)!
        parts.tm_hour = Int32(hour)!
        parts.tm_min = Int32(minute)!
        parts.tm_sec = Int32(second)!
        guard (0...11).contains(parts.tm_mon), parts.tm_hour < 24, parts.tm_min < 60, parts.tm_sec < 60 else {
            return nil
        }
        let asked = parts.tm_mday
        var seconds = Int64(timegm(&parts))
        guard parts.tm_mday == asked else { return nil }
        if let sign, let hours = offsetHours.flatMap({ Int64($0) }),
            let minutes = offsetMinutes.flatMap({ Int64($0) })
        {
            seconds -= (sign == "-" ? -1 : 1) * (hours * 3600 + minutes * 60)
        }
        let digits = (fraction.map(String.init) ?? "").padding(toLength: 6)
        self.init(microsecondsSince1970: seconds * 1_000_000 + Int64(digits)!)
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
}

extension String {
    /// The first `length` characters, filled up with zeros on the right.
    fileprivate func padding(toLength length: Int) -> String {
        String((self + String(repeating: "0", count: length)).prefix(length))
    }
}
