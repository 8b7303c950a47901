import Platform
import Testing

@Suite("Base64")
struct Base64Tests {
    @Test(
        "It agrees with the vectors of RFC 4648",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ])
    func vectors(plain: String, encoded: String) {
        let bare = String(encoded.prefix { $0 != "=" })

        #expect(Base64.encode(plain.utf8) == encoded)
        #expect(Base64.decode(encoded) == Array(plain.utf8))
        #expect(Base64.encode(plain.utf8, .urlSafe) == bare)
        #expect(Base64.decode(bare, .urlSafe) == Array(plain.utf8))
    }

    @Test("All bytes survive, in both alphabets", arguments: [Base64.Alphabet.standard, .urlSafe])
    func roundTrip(alphabet: Base64.Alphabet) {
        for count in 0..<70 {
            let bytes = Random.bytes(count)
            #expect(Base64.decode(Base64.encode(bytes, alphabet), alphabet) == bytes)
        }
    }

    @Test("The alphabets differ in two characters")
    func alphabets() {
        #expect(Base64.encode([0xFB, 0xFF, 0xFE]) == "+//+")
        #expect(Base64.encode([0xFB, 0xFF, 0xFE], .urlSafe) == "-__-")
    }

    @Test(
        "What is not canonical is refused",
        arguments: [
            "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm9v\n", " Zm9v", "Zm9v=", "====", "=", "Z===", "Zm-_",
            "Zm9vé", "Z=g=",
        ])
    func malformedStandard(text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test(
        "What is not canonical is refused in URL-safe text",
        arguments: ["Zg==", "Zh", "Z", "Zm9vZ", "Zm+/", "Zm 9"])
    func malformedURLSafe(text: String) {
        #expect(Base64.decode(text, .urlSafe) == nil)
    }
}
