import Testing

@testable import Platform

@Suite("JSON elements")
struct JSONElementsTests {
    @Test(
        "Elements are found as they were written",
        arguments: [
            (#"{"ok":true,"result":[]}"#, []),
            (#"{"ok":true,"result":[1]}"#, ["1"]),
            (
                #" { "result" : [ {"a" : [1, 2]} , {"b":"]}\",["} ] , "ok" : true } "#,
                [#"{"a" : [1, 2]}"#, #"{"b":"]}\",["}"#]
            ),
            (
                #"{"x":{"result":[9]},"result":["a","\\",null,-1.5e3,[[]],{}]}"#,
                [#""a""#, #""\\""#, "null", "-1.5e3", "[[]]", "{}"]
            ),
            (#"{"description":"\"result\":[7]","result":[true]}"#, ["true"]),
            (#"{"result":["é\u00e9🐦"]}"#, [#""é\u00e9🐦""#]),
        ])
    func found(text: String, elements: [String]) throws {
        let bytes = Array(text.utf8)

        let ranges = try #require(JSONElements.ofResult(in: bytes))

        #expect(ranges.map { String(decoding: bytes[$0], as: UTF8.self) } == elements)
    }

    @Test(
        "Without such an array there is nothing, and broken text ends too",
        arguments: [
            "", "{", "[]", "{}", #"{"result":{}}"#, #"{"ok":true}"#, #"{"result":["#, #"{"result":[1"#,
            #"{"result":["\"#, #"{"a"#, #"{"a":"#,
            #"{"result""#, #"{"result":[}"#, #"{"result":[:"#, "{:", "{,",
        ])
    func missing(text: String) {
        #expect(JSONElements.ofResult(in: Array(text.utf8)) == nil)
    }
}
