import Platform
import Testing

@Suite("Digests")
struct DigestTests {
    @Test(
        "SHA-256 agrees with the examples of FIPS 180",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
            (
                String(repeating: "a", count: 1_000_000),
                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
            ),
        ])
    func sha256(text: String, digest: String) {
        #expect(SHA256.hash(text.utf8) == hex(digest))
        #expect(SHA256.hash(Array(text.utf8)) == hex(digest))
    }

    @Test(
        "HMAC-SHA256 agrees with RFC 4231",
        arguments: [
            (
                [UInt8](repeating: 0x0b, count: 20), Array("Hi There".utf8),
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                [UInt8](repeating: 0xaa, count: 20), [UInt8](repeating: 0xdd, count: 50),
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
            ),
            (
                Array(1...25), [UInt8](repeating: 0xcd, count: 50),
                "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"
            ),
            (
                [UInt8](repeating: 0xaa, count: 131),
                Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
            ),
        ])
    func hmac(key: [UInt8], message: [UInt8], code: String) {
        #expect(HMAC.sha256(key: key, message) == hex(code))
    }

    @Test("Empty keys and messages are keys and messages too")
    func emptyHMAC() {
        #expect(
            HMAC.sha256(key: [UInt8](), [UInt8]())
                == hex("b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"))
    }

    @Test("Secrets are equal only when all their bytes are")
    func constantTime() {
        #expect(constantTimeEquals("secret".utf8, Array("secret".utf8)))
        #expect(constantTimeEquals("".utf8, "".utf8))
        #expect(!constantTimeEquals("secret".utf8, "secreT".utf8))
        #expect(!constantTimeEquals("secret".utf8, "secret1".utf8))
        #expect(!constantTimeEquals("secret".utf8, "".utf8))
    }

    @Test("Random bytes are as many as asked for and never the same")
    func random() {
        #expect([0, 1, 33].map { Random.bytes($0).count } == [0, 1, 33])
        #expect(Random.bytes(16) != Random.bytes(16))
    }
}
