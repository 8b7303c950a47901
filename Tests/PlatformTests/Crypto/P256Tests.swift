import Platform
import Testing

@Suite("P-256")
struct P256Tests {
    /// RFC 7515, appendix A.3.
    private let scalar = Base64.decode("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI", .urlSafe)!
    private let point = Self.point(
        x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")
    private let message = Array(
        ("eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb"
            + "290Ijp0cnVlfQ").utf8)
    private let signature = Base64.decode(
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q", .urlSafe)!

    private static func point(x: String, y: String) -> [UInt8] {
        [4] + Base64.decode(x, .urlSafe)! + Base64.decode(y, .urlSafe)!
    }

    @Test("The signature of RFC 7515 is genuine, and of nothing else")
    func published() throws {
        let key = try #require(P256.PublicKey(point: point))

        #expect(key.verify(signature, of: message))
        #expect(!key.verify(signature, of: message + [0]))
    }

    @Test("A key signs what its public key verifies, with the lower s each time")
    func signs() throws {
        let key = try #require(P256.PrivateKey(scalar: scalar, point: point))

        for _ in 0..<20 {
            let signature = try #require(key.sign(message))

            #expect(P256.isCanonical(signature))
            #expect(key.publicKey.verify(signature, of: message))
        }
    }

    @Test("The other form of a signature is genuine but not canonical")
    func malleable() throws {
        let key = try #require(P256.PublicKey(point: point))

        let other = P256.otherForm(of: signature)

        #expect(key.verify(other, of: message))
        #expect(P256.isCanonical(other) != P256.isCanonical(signature))
    }

    @Test("A new key comes back from its scalar and its point")
    func generated() throws {
        let key = try #require(P256.PrivateKey())
        let scalar = try #require(key.scalar)

        let again = try #require(P256.PrivateKey(scalar: scalar, point: key.publicKey.point))

        let signature = try #require(again.sign([1, 2, 3]))
        #expect(key.publicKey.verify(signature, of: [1, 2, 3]))
    }

    @Test("Points that are not on the curve, and scalars of other points, are refused")
    func wrongKeys() throws {
        let other = try #require(P256.PrivateKey())
        var off = point
        off[64] ^= 1

        #expect(P256.PublicKey(point: off) == nil)
        #expect(P256.PublicKey(point: [UInt8](repeating: 0, count: 65)) == nil)
        #expect(P256.PublicKey(point: [4] + [UInt8](repeating: 0xFF, count: 64)) == nil)
        #expect(P256.PublicKey(point: [6] + point[1...]) == nil)
        #expect(P256.PublicKey(point: Array(point[..<33])) == nil)
        #expect(P256.PublicKey(point: [4] + [UInt8](repeating: 1, count: 96)) == nil)
        #expect(P256.PrivateKey(scalar: scalar, point: other.publicKey.point) == nil)
        #expect(P256.PrivateKey(scalar: [UInt8](repeating: 0, count: 32), point: point) == nil)
    }

    /// SEC 2, section 2.4.1: the base point of secp256k1, whose points are as long as P-256's.
    @Test("A point of another curve is refused")
    func otherCurve() {
        let point = hex(
            "04 79BE667E F9DCBBAC 55A06295 CE870B07 029BFCDB 2DCE28D9 59F2815B 16F81798"
                + "483ADA77 26A3C465 5DA4FBFC 0E1108A8 FD17B448 A6855419 9C47D08F FB10D4B8")

        #expect(point.count == P256.pointLength)
        #expect(P256.PublicKey(point: point) == nil)
    }

    @Test("Signatures of zeros, of the group's order, cut short or long are refused")
    func wrongSignatures() throws {
        let key = try #require(P256.PublicKey(point: point))
        let zeros = [UInt8](repeating: 0, count: 32)
        let order = hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")

        let (r, s) = (Array(signature[..<32]), Array(signature[32...]))
        let halves: [([UInt8], [UInt8])] = [
            (zeros, zeros), (r, zeros), (zeros, s), (order, s), (r, order), (r, Array(s.dropLast())),
            (r, s + [0]),
            ([], []), (s, r),
        ]
        for (r, s) in halves {
            let wrong = r + s
            #expect(!key.verify(wrong, of: message))
        }
    }

    /// The key and its thumbprint of RFC 9449, section 6.1.
    @Test("The thumbprint is that of RFC 7638")
    func thumbprint() throws {
        let key = try #require(
            P256.PublicKey(
                point: Self.point(
                    x: "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
                    y: "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA")))

        #expect(key.thumbprint == "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I")
    }
}
