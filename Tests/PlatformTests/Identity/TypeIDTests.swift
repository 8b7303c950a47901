import FoundationEssentials
import Platform
import Testing

@Suite("TypeID")
struct TypeIDTests {
    @Test(
        "The specification's valid examples are read and written",
        arguments: [
            ("00000000000000000000000000", "", "00000000-0000-0000-0000-000000000000"),
            ("00000000000000000000000001", "", "00000000-0000-0000-0000-000000000001"),
            ("0000000000000000000000000a", "", "00000000-0000-0000-0000-00000000000a"),
            ("0000000000000000000000000g", "", "00000000-0000-0000-0000-000000000010"),
            ("00000000000000000000000010", "", "00000000-0000-0000-0000-000000000020"),
            ("7zzzzzzzzzzzzzzzzzzzzzzzzz", "", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
            ("prefix_0123456789abcdefghjkmnpqrs", "prefix", "0110c853-1d09-52d8-d73e-1194e95b5f19"),
            ("prefix_01h455vb4pex5vsknk084sn02q", "prefix", "01890a5d-ac96-774b-bcce-b302099a8057"),
            ("pre_fix_00000000000000000000000000", "pre_fix", "00000000-0000-0000-0000-000000000000"),
        ])
    func valid(text: String, prefix: String, uuidText: String) throws {
        let uuid = try #require(UUID(uuidString: uuidText))

        let parsed = try #require(TypeID(text))

        #expect(parsed.prefix == prefix)
        #expect(parsed.uuid == uuid)
        #expect(TypeID(prefix: prefix, uuid: uuid)?.description == text)
    }

    @Test(
        "The specification's invalid examples are refused",
        arguments: [
            "PREFIX_00000000000000000000000000", "12345_00000000000000000000000000",
            "pre.fix_00000000000000000000000000", "préfix_00000000000000000000000000",
            "  prefix_00000000000000000000000000",
            "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl_00000000000000000000000000",
            "_00000000000000000000000000", "_", "prefix_1234567890123456789012345",
            "prefix_123456789012345678901234567",
            "prefix_1234567890123456789012345 ", "prefix_0123456789ABCDEFGHJKMNPQRS",
            "prefix_123456789-123456789-123456",
            "prefix_ooooooiiiiiiuuuuuuulllllll", "prefix_i23456789ol23456789oi23456",
            "prefix_123456789-0123456789-0123456", "prefix_8zzzzzzzzzzzzzzzzzzzzzzzzz",
            "_prefix_00000000000000000000000000", "prefix__00000000000000000000000000",
            "", "prefix", "prefix_", "prefix00000000000000000000000000", "8zzzzzzzzzzzzzzzzzzzzzzzzz",
        ])
    func invalid(text: String) {
        #expect(TypeID(text) == nil)
    }

    @Test("New ids survive being written and read")
    func roundTrip() {
        for _ in 0..<1000 {
            let id = ID<Nest>()
            #expect(ID<Nest>(id.description) == id)
        }
    }

    @Test("An id of one thing is not an id of another")
    func kindsAreApart() {
        let id = ID<Nest>()

        #expect(id.description.hasPrefix("nest_"))
        #expect(ID<Egg>(id.description) == nil)
        #expect(ID<Nest>(id.description.uppercased()) == nil)
        #expect(ID<Nest>(id.uuid.uuidString) == nil)
        #expect(ID<Nest>(" " + id.description) == nil)
    }

    @Test("In JSON an id is its text, and anything else an error")
    func json() throws {
        let id = ID<Nest>()

        let encoded = try JSONEncoder().encode([id])

        #expect(String(decoding: encoded, as: UTF8.self) == "[\"\(id)\"]")
        #expect(try JSONDecoder().decode([ID<Nest>].self, from: encoded) == [id])
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([ID<Egg>].self, from: encoded) }
    }
}

private enum Nest: Identified { static let prefix = "nest" }
private enum Egg: Identified { static let prefix = "egg" }
