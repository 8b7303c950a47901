import FoundationEssentials
import Platform
import TestSupport
import Testing

@Suite("JSON writer")
struct JSONWriterTests {
    @Test("Strings of any characters are read again as they were")
    func strings() throws {
        var random = SeededRandom(seed: 7)
        let scalars: [Unicode.Scalar] =
            (0..<0x24).compactMap { Unicode.Scalar($0) } + ["\\", "/", "ü", "→", "🐦", "\u{7f}", "\u{2028}"]

        for _ in 0..<2000 {
            var text = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0...40, using: &random) {
                text.append(scalars.randomElement(using: &random)!)
            }
            let json = String(text).json
            #expect(try JSONDecoder().decode(String.self, from: Data(json)) == String(text))
            #expect(String(decoding: json, as: UTF8.self) == JSONText.quoted(String(text)))
        }
    }

    @Test(
        "Integers are written to the last digit",
        arguments: [
            0, 1, -1, 9, 10, 99, 100, 1_234_567_890, -9_999_999_999, Int64.max, Int64.min,
        ])
    func integers(number: Int64) {
        #expect(String(decoding: number.json, as: UTF8.self) == "\(number)")
    }

    @Test("Random integers are written as the standard library writes them")
    func randomIntegers() {
        var random = SeededRandom(seed: 8)
        for _ in 0..<5000 {
            let number =
                Int64.random(in: .min ... .max, using: &random) >> Int64.random(in: 0...63, using: &random)
            #expect(String(decoding: number.json, as: UTF8.self) == "\(number)")
        }
    }

    @Test("Ids are their prefix and the TypeID of their UUID")
    func ids() {
        for _ in 0..<500 {
            let id = ID<Egg>()
            let text = TypeID(prefix: Egg.prefix, uuid: id.uuid)!.description
            #expect(id.description == text)
            #expect(String(decoding: id.json, as: UTF8.self) == "\"\(text)\"")
        }
    }

    @Test("Objects, arrays and nulls get their commas")
    func structure() {
        var json = JSONWriter()
        json.object {
            $0.field("a", [1, -2])
            $0.field("b", String?.none)
            $0.field("c") { $0.object { _ in } }
            $0.field("d", [true, false])
            $0.field("e", Timestamp(microsecondsSince1970: 0))
            $0.field("f", "x\n\u{1f}")
        }

        #expect(
            String(decoding: json.bytes, as: UTF8.self)
                == #"{"a":[1,-2],"b":null,"c":{},"d":[true,false],"e":"1970-01-01T00:00:00.000Z","f":"x\n\u001f"}"#
        )
    }
}

private enum Egg: Identified { static let prefix = "speckled_egg" }
