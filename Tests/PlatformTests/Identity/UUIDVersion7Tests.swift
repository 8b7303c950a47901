import FoundationEssentials
import Platform
import Testing

@Suite("UUID version 7")
struct UUIDVersion7Tests {
    @Test("It agrees with the example of RFC 9562, but for the fraction of the millisecond")
    func example() {
        let time = Timestamp(microsecondsSince1970: 1_645_557_742_000_000)

        let uuid = UUID.version7(at: time, random: 0x18C4_DC0C_0C07_398F)

        #expect(uuid.uuidString == "017F22E2-79B0-7000-98C4-DC0C0C07398F")
    }

    @Test("Later ones are greater, to the microsecond")
    func order() {
        let times = [0, 1, 2, 999, 1000, 1001, 1_645_557_742_000_000].map(
            Timestamp.init(microsecondsSince1970:))

        let made = times.map { UUID.version7(at: $0).bits }

        #expect(zip(made, made.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test(
        "Version and variant are set whatever the clock and the random bits are", arguments: [0, UInt64.max])
    func versionAndVariant(random: UInt64) {
        for microseconds in [0, 999, 1_645_557_742_999_999, -1] {
            let bytes = UUID.version7(
                at: Timestamp(microsecondsSince1970: Int64(microseconds)), random: random
            ).uuid
            #expect(bytes.6 >> 4 == 7)
            #expect(bytes.8 >> 6 == 2)
        }
    }

    @Test("Bits and UUID are the same thing")
    func bits() throws {
        let uuid = try #require(UUID(uuidString: "01890a5d-ac96-774b-bcce-b302099a8057"))

        #expect(uuid.bits == 0x0189_0a5d_ac96_774b_bcce_b302_099a_8057)
        #expect(UUID(uuid.bits) == uuid)
    }
}
