import Testing

@testable import Sandbox

@Suite("JSON")
struct JSONTests {
    @Test("A value keeps its numbers' digits and its members' order")
    func roundTrips() throws {
        let text = #"{"z":-1.50e+3,"a":[true,null,"é\"\n"],"n":9223372036854775807,"e":{}}"#

        #expect(try JSON(parsing: text).text == text)
    }

    @Test("Escapes and surrogate pairs are decoded")
    func decodesEscapes() throws {
        let value = try JSON(parsing: #""\u00e9\ud83d\ude00\/\ud83d""#)

        #expect(value == .string("é😀/\u{FFFD}"))
    }

    @Test(
        "What is not one JSON value is refused",
        arguments: [
            "", "{", "[1,]", "{\"a\" 1}", "01", "1.", "-", "nul", "\"\u{1}\"", "\"\\x\"", "\"\\u12g4\"",
            "1 2", "{a:1}",
            String(repeating: "[", count: 100_000),
        ])
    func refuses(_ text: String) {
        #expect(throws: JSONSyntaxError.self) { try JSON(parsing: text) }
    }
}
