import Glibc
import Platform
import TestSupport
import Testing

@Suite("Timestamp text")
struct TimestampTextTests {
    @Test("Over ten thousand years the text is that of the C library's calendar")
    func agrees() {
        var random = SeededRandom(seed: 20)
        let range = Int64(-62_167_219_200_000_000)...Int64(253_402_300_799_999_999)

        for _ in 0..<20_000 {
            let time = Timestamp(microsecondsSince1970: .random(in: range, using: &random))
            #expect(time.description == Self.reference(time))
        }
    }

    @Test(
        "At the edges of years, centuries and the type nothing is off",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000Z"),
            (4_107_542_399_999_999, "2100-02-28T23:59:59.999Z"),
            (4_107_542_400_000_000, "2100-03-01T00:00:00.000Z"),
            (-62_167_219_200_000_000, "0000-01-01T00:00:00.000Z"),
            (253_402_300_800_000_000, "10000-01-01T00:00:00.000Z"),
            (Int64.max, "294247-01-10T04:00:54.775Z"), (Int64.min + 808, "-290308-12-21T19:59:05.225Z"),
        ])
    func edges(microseconds: Int64, text: String) {
        #expect(Timestamp(microsecondsSince1970: microseconds).description == text)
    }

    @Test("What was written is read again, to the millisecond")
    func roundTrip() {
        var random = SeededRandom(seed: 21)
        for _ in 0..<500 {
            let time = Timestamp(
                microsecondsSince1970: .random(in: 0...4_000_000_000_000, using: &random) * 1000)
            #expect(Timestamp(time.description) == time)
        }
    }

    /// As it was written before, by way of gmtime_r.
    private static func reference(_ time: Timestamp) -> String {
        var seconds = time_t(time.secondsSince1970)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        let milliseconds = (time.microsecondsSince1970 - time.secondsSince1970 * 1_000_000) / 1000
        func padded(_ number: Int, _ width: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        return padded(Int(parts.tm_year) + 1900, 4) + "-" + padded(Int(parts.tm_mon) + 1, 2) + "-"
            + padded(Int(parts.tm_mday), 2) + "T" + padded(Int(parts.tm_hour), 2) + ":"
            + padded(Int(parts.tm_min), 2) + ":" + padded(Int(parts.tm_sec), 2) + "."
            + padded(Int(milliseconds), 3) + "Z"
    }
}
