import Glibc

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 in UTC with milliseconds: `2026-01-31T23:59:59.123Z`.
    package var description: String {
        String(unsafeUninitializedCapacity: Self.longestText) { write(into: $0) }
    }

    /// Room for every year that there is: `-290308-12-21T19:59:05.224Z`.
    static let longestText = 32

    /// Writes the text to the front of `buffer`, which has room for `longestText` bytes.
    /// - Returns: how many bytes were written.
    func write(into buffer: UnsafeMutableBufferPointer<UInt8>) -> Int {
        let seconds = secondsSince1970
        let milliseconds = Int((microsecondsSince1970 &- seconds &* 1_000_000) / 1000)
        let days = seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400
        let second = Int(seconds - days * 86400)
        let (year, month, day) = Self.civil(days: Int(days))
        var text = DigitWriter(buffer)
        text.year(year)
        text.byte("-")
        text.two(month)
        text.byte("-")
        text.two(day)
        text.byte("T")
        text.two(second / 3600)
        text.byte(":")
        text.two(second / 60 % 60)
        text.byte(":")
        text.two(second % 60)
        text.byte(".")
        text.three(milliseconds)
        text.byte("Z")
        return text.count
    }

    /// Year, month and day in the Gregorian calendar of a number of days since 1970-01-01, by counting in eras of
    /// 400 years that begin on 1 March (Howard Hinnant, chrono-Compatible Low-Level Date Algorithms).
    private static func civil(days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (
            yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month,
            dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        )
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
}

extension String {
    /// The first `length` characters, filled up with zeros on the right.
    fileprivate func padding(toLength length: Int) -> String {
        String((self + String(repeating: "0", count: length)).prefix(length))
    }
}

/// Puts decimal digits into memory. The caller has made room for all of it.
private struct DigitWriter {
    private let buffer: UnsafeMutableBufferPointer<UInt8>
    private(set) var count = 0

    init(_ buffer: UnsafeMutableBufferPointer<UInt8>) { self.buffer = buffer }

    mutating func byte(_ character: Unicode.Scalar) {
        buffer[count] = UInt8(ascii: character)
        count += 1
    }

    mutating func digit(_ number: Int) {
        buffer[count] = 48 + UInt8(truncatingIfNeeded: number)
        count += 1
    }

    mutating func two(_ number: Int) {
        digit(number / 10)
        digit(number % 10)
    }

    mutating func three(_ number: Int) {
        digit(number / 100)
        two(number % 100)
    }

    /// Four digits; more for the years that need them, and a sign before our era.
    mutating func year(_ year: Int) {
        if year < 0 { byte("-") }
        let year = abs(year)
        if year > 9999 {
            for digit in String(year / 10_000).utf8 { byte(Unicode.Scalar(digit)) }
        }
        two(year / 100 % 100)
        two(year % 100)
    }
}
