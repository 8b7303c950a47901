import Platform
import Testing

@testable import Auth

@Suite("Canonical bytes")
struct CanonicalBytesTests {
    @Test("Texts that join to the same, and null and empty, give different bytes")
    func unambiguous() {
        let lists: [[String?]] = [
            ["ab", "c"], ["a", "bc"], ["abc"], ["abc", nil], ["abc", ""], [nil, "abc"],
        ]

        let bytes = lists.map { list in
            var form = CanonicalBytes("test")
            for text in list { form.add(text) }
            return form.bytes
        }

        #expect(Set(bytes).count == lists.count)
    }
}
