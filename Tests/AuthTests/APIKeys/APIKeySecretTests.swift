import Platform
import Testing

@testable import Auth

@Suite("The form of API keys")
struct APIKeySecretTests {
    /// CRC-32 of "123456789" is the check value that every description of it gives.
    @Test("The checksum is CRC-32")
    func crc32() {
        #expect(CRC32.of("123456789".utf8) == 0xCBF4_3926)
        #expect(CRC32.of([]) == 0)
    }

    /// Made with zlib's crc32.
    @Test("The last six characters are the checksum in base62")
    func published() {
        #expect(APIKeySecret("rk_live_0123456789ABCDEFGHIJKLMNOPQRST4PMbyp") != nil)
        #expect(APIKeySecret("rk_live_0123456789ABCDEFGHIJKLMNOPQRST4PMbyq") == nil)
    }

    @Test("A new key has the form that is promised, and is another each time")
    func made() {
        let keys = (0..<200).map { _ in APIKeySecret().text }

        for key in keys {
            #expect(key.wholeMatch(of: /rk_live_[0-9A-Za-z]{36}/) != nil)
            #expect(APIKeySecret(key)?.text == key)
        }
        #expect(Set(keys).count == keys.count)
        #expect(Set(keys.joined()).count == 63)
    }

    @Test("A key with a letter changed anywhere, or of another length, is refused")
    func mistyped() {
        let key = APIKeySecret().text
        for index in key.indices {
            var wrong = key
            wrong.replaceSubrange(index...index, with: key[index] == "z" ? "y" : "z")

            #expect(APIKeySecret(wrong) == nil)
        }

        for wrong in ["", "rk_live_", key + "0", String(key.dropLast()), " " + key, key.uppercased()] {
            #expect(APIKeySecret(wrong) == nil)
        }
    }
}
