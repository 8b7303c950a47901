import Testing

@testable import Sandbox

@Suite("Bodies that were tampered with", .timeLimit(.minutes(10)))
struct BodyFuzzTests {
    @Test(
        "No body ends the program, and JSON that is read can be written and read again",
        arguments: [
            ("application/json", #"{"chat_id":-1.5e3,"text":"\u00e9\ud83d\ude00","a":[{"b":null},true,[]]}"#),
            ("application/x-www-form-urlencoded", "chat_id=5&text=%C3%A9+%26&reply_markup=%7B%7D&&=&a"),
            (
                "multipart/form-data; boundary=B",
                "--B\r\nContent-Disposition: form-data; name=\"a\"; filename=\"x\"\r\n\r\n1\r\n--B\r\n"
                    + "Content-Disposition: form-data; name=\"text\"\r\n\r\nhi\r\n--B--\r\n"
            ),
        ])
    func survives(_ type: String, _ text: String) throws {
        var random = SplitMix(state: 7)

        for _ in 0..<3000 {
            var body = Array(text.utf8)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<body.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: body[place] = UInt8.random(in: 0...255, using: &random)
                case 1 where body.count > 1: body.remove(at: place)
                default: body.insert(contentsOf: body[place...].prefix(9), at: place)
                }
            }
            if let read = try? CallParameters(query: nil, contentType: type, body: body) {
                #expect(try JSON(parsing: read.json.bytes) == read.json)
            }
        }
    }
}

/// Random numbers that are the same in every run (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number
/// Generators").
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
