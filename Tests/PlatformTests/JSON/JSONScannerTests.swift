import Testing

@testable import Platform

@Suite("JSON scanner")
struct JSONScannerTests {
    @Test(
        "It steps over what is JSON, to the end",
        arguments: [
            "{}", "[]", " [1, -0, 2.5e-3, 0.1E+7] ",
            #"{"a":{"b":[true,false,null]},"c":"\"\\\/\b\f\n\r\t\u00e9"}"#,
            #""ü""#, "-12",
        ])
    func valid(_ text: String) {
        #expect(Self.isSteppedOver(text))
    }

    @Test(
        "It stops at what is not",
        arguments: [
            "", "{", "[1,]", #"{"a":1,}"#, #"{"a"}"#, "{1:2}", "01", "1.", "1e", "+1", "tru", "nul", #""a"#,
            #""\x""#,
            #""\u12g4""#, "\"\u{1}\"", "1 2", "[1 2]", "'a'",
        ])
    func invalid(_ text: String) {
        #expect(!Self.isSteppedOver(text))
    }

    @Test("It goes 128 levels deep and no further")
    func depth() {
        func nested(_ levels: Int) -> String {
            String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
        }

        #expect(Self.isSteppedOver(nested(128)))
        #expect(!Self.isSteppedOver(nested(129)))
    }

    private static func isSteppedOver(_ text: String) -> Bool {
        Array(text.utf8).withUnsafeBufferPointer { buffer in
            var scanner = JSONScanner(buffer)
            return scanner.skipValue() && scanner.isAtEnd()
        }
    }
}
