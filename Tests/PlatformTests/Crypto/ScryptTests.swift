import Platform
import Testing

@Suite("Scrypt")
struct ScryptTests {
    /// RFC 7914, section 12, all but the last, which needs 1 GiB.
    static let vectors:
        [(password: String, salt: String, cost: UInt64, blockSize: UInt64, p: UInt64, key: String)] =
            [
                (
                    "", "", 16, 1, 1,
                    "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
                        + "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"
                ),
                (
                    "password", "NaCl", 1024, 8, 16,
                    "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
                        + "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"
                ),
                (
                    "pleaseletmein", "SodiumChloride", 16384, 8, 1,
                    "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
                        + "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"
                ),
            ]

    @Test("The vectors of RFC 7914 are met", arguments: vectors.indices)
    func vector(_ index: Int) throws {
        let vector = Self.vectors[index]
        let scrypt = try #require(
            Scrypt(cost: vector.cost, blockSize: vector.blockSize, parallelization: vector.p))

        let key = scrypt.derive(vector.password.utf8, salt: vector.salt.utf8, count: 64)

        #expect(key == hex(vector.key))
    }

    @Test("The parameters that passwords are stored with are taken")
    func ownParameters() throws {
        let scrypt = try #require(Scrypt(cost: 1 << 15, blockSize: 8, parallelization: 3))

        #expect(scrypt.derive("password".utf8, salt: [1, 2, 3], count: 32)?.count == 32)
    }

    @Test(
        "Parameters that make no sense or need too much memory are refused",
        arguments: [
            (0, 8, 1), (1, 8, 1), (1000, 8, 1), (1 << 15, 0, 1), (1 << 15, 8, 0), (1 << 18, 8, 1),
            (1 << 40, 8, 1),
        ]
            as [(UInt64, UInt64, UInt64)])
    func senseless(_ cost: UInt64, _ blockSize: UInt64, _ parallelization: UInt64) {
        #expect(Scrypt(cost: cost, blockSize: blockSize, parallelization: parallelization) == nil)
    }
}
