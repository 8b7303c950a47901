import Platform
import Testing

@Suite("Ed25519")
struct Ed25519Tests {
    /// RFC 8032, section 7.1, tests 1 and 2.
    static let vectors: [(seed: String, publicKey: String, message: [UInt8], signature: String)] = [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", [],
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
                + "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", [0x72],
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ]

    @Test("The vectors of RFC 8032 are met", arguments: vectors.indices)
    func vector(_ index: Int) throws {
        let vector = Self.vectors[index]
        let (seed, publicKey) = (hex(vector.seed), hex(vector.publicKey))

        let signature = try #require(Ed25519.sign(vector.message, seed: seed))

        #expect(signature == hex(vector.signature))
        #expect(Ed25519.publicKey(seed: seed) == publicKey)
        #expect(Ed25519.verify(signature, of: vector.message, publicKey: publicKey))
        #expect(!Ed25519.verify(signature, of: vector.message + [0], publicKey: publicKey))
        let signer = try #require(Ed25519Signer(seed: seed))
        #expect(signer.publicKey == publicKey && signer.sign(vector.message) == signature)
    }

    @Test("Keys and signatures of a wrong length are refused")
    func lengths() {
        #expect(Ed25519.publicKey(seed: [1, 2, 3]) == nil)
        #expect(Ed25519.sign([], seed: []) == nil)
        #expect(Ed25519Signer(seed: [1]) == nil)
        #expect(!Ed25519.verify([], of: [], publicKey: [UInt8](repeating: 1, count: 32)))
        #expect(!Ed25519.verify([UInt8](repeating: 0, count: 64), of: [], publicKey: []))
    }
}
