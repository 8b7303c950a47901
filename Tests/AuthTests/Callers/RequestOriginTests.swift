import Testing

@testable import Auth

@Suite("Where requests come from")
struct RequestOriginTests {
    private func kept(_ userAgent: String?) -> String? {
        RequestOrigin(address: "192.0.2.1", userAgent: userAgent, requestID: "req_1").userAgent
    }

    @Test("Of a user agent 500 bytes are kept, and no part of a character")
    func userAgent() {
        let longest = String(repeating: "a", count: 500)
        let wide = String(repeating: "\u{E9}", count: 300)
        let widest = String(repeating: "\u{1F426}", count: 300)

        #expect(kept(nil) == nil && kept("crow/1") == "crow/1")
        #expect(kept(longest) == longest && kept(longest + "a") == longest)
        #expect(kept(wide) == String(repeating: "\u{E9}", count: 250))
        #expect(kept("a" + wide) == "a" + String(repeating: "\u{E9}", count: 249))
        for shift in 1...3 {
            let front = String(repeating: "a", count: shift)
            #expect(kept(front + widest) == front + String(repeating: "\u{1F426}", count: 124))
        }
    }

    @Test("A character of many code points does not make it longer")
    func combined() {
        let stacked = "e" + String(repeating: "\u{301}", count: 5000)

        let kept = kept(stacked)

        #expect(kept?.unicodeScalars.count == 250 && kept?.utf8.count == 499)
    }
}
