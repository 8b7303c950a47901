import FoundationEssentials
import Platform
import Testing

@testable import Tenancy

@Suite("Tenant limits")
struct TenantLimitsTests {
    @Test("What is not named has its default, a number replaces it, null lifts it")
    func reading() throws {
        let limits = try TenantLimits(json: JSONBytes(Array(#"{"bots":3,"consumers_per_bot":null}"#.utf8)))

        #expect(limits[.bots] == 3)
        #expect(limits[.consumersPerBot] == nil)
        #expect(limits[.requestsPerMinute] == 600)
        #expect(limits[.ingestPerMinutePerBot] == 6000)
        // The node's settings say.
        #expect(limits[.logRetentionDays] == nil)
    }

    @Test("What is written is read the same, names of a newer release included")
    func roundTrip() throws {
        let texts = ["{}", #"{"bots":3}"#, #"{"bots":null,"nests":12}"#]

        for text in texts {
            let limits = try TenantLimits(json: JSONBytes(Array(text.utf8)))
            #expect(String(decoding: limits.json.bytes, as: UTF8.self) == text)
        }
        #expect(TenantLimits.Key.allCases.allSatisfy { TenantLimits.none[$0] == nil })
    }

    @Test(
        "What is no object of whole numbers is refused",
        arguments: ["[1]", #"{"bots":"3"}"#, #"{"bots":1.5}"#])
    func refused(_ text: String) {
        #expect(throws: TenantLimits.Invalid.self) { try TenantLimits(json: JSONBytes(Array(text.utf8))) }
    }
}

@Suite("Tenant slugs")
struct TenantSlugTests {
    @Test(
        "A slug is lower-case letters and digits with single hyphens between",
        arguments: [
            ("Anna's Gym", "anna-s-gym"), ("  Nest  42 ", "nest-42"), ("ГНЕЗДО", "tenant"), ("Zoë", "zo"),
            ("--", "tenant"), ("a", "a"),
            (String(repeating: "x", count: 80), String(repeating: "x", count: 63)),
            (String(repeating: "x", count: 62) + " y", String(repeating: "x", count: 62)),
        ])
    func slug(_ name: String, _ expected: String) {
        #expect(Tenant.slug(from: name) == expected)
    }
}
