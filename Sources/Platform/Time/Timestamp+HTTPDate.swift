import Glibc

extension Timestamp {
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Parses a date as HTTP has it, `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7), but for the two
    /// obsolete forms. The name of the day is not compared with the date.
    package init?(httpDate text: String) {
        let expression =
            #/(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT/#
        guard let (_, day, name, year, hour, minute, second) = try? expression.wholeMatch(in: text)?.output,
            let month = Self.months.firstIndex(of: String(name)), let day = Int32(day),
            let year = Int32(year),
            let hour = Int32(hour), let minute = Int32(minute), let second = Int32(second),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        var parts = tm()
        parts.tm_year = year - 1900
        parts.tm_mon = Int32(month)
        parts.tm_mday = day
        parts.tm_hour = hour
        parts.tm_min = minute
        parts.tm_sec = second
        let seconds = Int64(timegm(&parts))
        // Of the 31st of June it makes the 1st of July. A leap second is the next one.
        guard parts.tm_mday == day || second == 60 else { return nil }
        self.init(microsecondsSince1970: seconds * 1_000_000)
    }
}
