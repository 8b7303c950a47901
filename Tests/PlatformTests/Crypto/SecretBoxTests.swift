import Testing

@testable import Platform

@Suite("Secret box")
struct SecretBoxTests {
    private let oldKey = Base64.encode([UInt8](repeating: 1, count: 32))
    private let newKey = Base64.encode([UInt8](repeating: 2, count: 32))

    @Test(
        "AES-256-GCM agrees with the vectors of its specification (McGrew and Viega, cases 13, 14 and 16)",
        arguments: [
            (
                String(repeating: "00", count: 32), String(repeating: "00", count: 12), "", "",
                "530f8afbc74536b9a963b4f1c4cb738b"
            ),
            (
                String(repeating: "00", count: 32), String(repeating: "00", count: 12), "",
                "00000000000000000000000000000000",
                "cea7403d4d606b6e074ec5d3baf39d18 d0d1c8a799996bf0265b98b5d48ab919"
            ),
            (
                "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
                "cafebabefacedbaddecaf888",
                "feedfacedeadbeeffeedfacedeadbeefabaddad2",
                "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                    + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
                "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                    + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662 76fc6ece0f4e1768cddf8853bb2d551b"
            ),
        ])
    func vectors(key: String, nonce: String, associated: String, plaintext: String, sealed: String) {
        let (key, nonce, associated) = (hex(key), hex(nonce), hex(associated))

        #expect(AES256GCM.seal(hex(plaintext), key: key, nonce: nonce, associated: associated) == hex(sealed))
        #expect(AES256GCM.open(hex(sealed), key: key, nonce: nonce, associated: associated) == hex(plaintext))
    }

    @Test(
        "A secret opens for whom it was sealed, and two seals of it differ",
        arguments: ["", "a", "123456:ABC"])
    func roundTrip(secret: String) throws {
        let box = SecretBox(keyRing: try KeyRing(oldKey))

        let sealed = try box.seal(secret.utf8, for: "bot".utf8)

        #expect(try box.open(sealed, for: "bot".utf8) == Array(secret.utf8))
        #expect(try box.seal(secret.utf8, for: "bot".utf8) != sealed)
        #expect(throws: SecretBox.Failure.notGenuine) { try box.open(sealed, for: "other".utf8) }
    }

    @Test("No altered or shortened secret opens")
    func tampering() throws {
        let box = SecretBox(keyRing: try KeyRing("a:\(oldKey)"))
        let sealed = try box.seal("secret".utf8, for: "bot".utf8)

        for index in sealed.indices {
            var altered = sealed
            altered[index] ^= 1
            #expect(throws: SecretBox.Failure.self) { try box.open(altered, for: "bot".utf8) }
            #expect(throws: SecretBox.Failure.self) { try box.open(Array(sealed[..<index]), for: "bot".utf8) }
        }
    }

    @Test("The newest key seals, an older one still opens, and a missing one is named")
    func rotation() throws {
        let old = SecretBox(keyRing: try KeyRing("2025:\(oldKey)"))
        let both = SecretBox(keyRing: try KeyRing("2026:\(newKey), 2025:\(oldKey)"))
        let sealedBefore = try old.seal("secret".utf8, for: "bot".utf8)
        let sealedAfter = try both.seal("secret".utf8, for: "bot".utf8)

        #expect(try both.open(sealedBefore, for: "bot".utf8) == Array("secret".utf8))
        #expect(try both.isOutdated(sealedBefore))
        #expect(try !both.isOutdated(sealedAfter))
        #expect(throws: SecretBox.Failure.unknownKey(name: "2026")) {
            try old.open(sealedAfter, for: "bot".utf8)
        }
    }

    @Test("A faulty key ring says where the fault is and shows no key")
    func faultyKeyRing() throws {
        #expect(throws: KeyRing.Fault.empty) { try KeyRing(" , ") }
        #expect(throws: KeyRing.Fault.invalidKey(position: 1)) { try KeyRing("c2hvcnQ=") }
        #expect(throws: KeyRing.Fault.invalidKey(position: 2)) { try KeyRing("a:\(oldKey),b:\(newKey)x") }
        #expect(throws: KeyRing.Fault.invalidName(position: 2)) { try KeyRing("a:\(oldKey),\(newKey)") }
        #expect(throws: KeyRing.Fault.invalidName(position: 1)) { try KeyRing(":\(oldKey)") }
        #expect(throws: KeyRing.Fault.repeatedName("a")) { try KeyRing("a:\(oldKey),a:\(newKey)") }
        #expect("\(try KeyRing("a:\(oldKey)"))" == "KeyRing(a)")
        var dumped = ""
        dump(SecretBox(keyRing: try KeyRing("a:\(oldKey)")), to: &dumped)
        #expect(!dumped.contains("1, 1"))
        #expect(!dumped.contains("bytes"))
    }
}
