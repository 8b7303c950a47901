import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Tenant limits written by hand", .serialized, .timeLimit(.minutes(10)))
struct LimitsByHandTests {
    @Test("Those that are not understood are the defaults, logged once, and stop nobody's suspension")
    func notUnderstood() async throws {
        try await Fixture.with { fixture in
            let lines = Happenings<String>()
            let directory = TenantDirectory()
            let refresh = TenantDirectoryRefresh(
                loop: fixture.loop, database: fixture.database, directory: directory,
                logger: Logger(minimum: .warning, write: { lines.add($0) }))
            let odd = try await fixture.tenant("Odd")
            let other = try await fixture.tenant("Other")

            try await fixture.tamper("UPDATE tenant SET limits = '{\"bots\": 1.5}' WHERE id = \(odd.id)")
            try await refresh.refresh()
            let logged = lines.all
            try await fixture.tamper("UPDATE tenant SET status = 'suspended' WHERE id = \(other.id)")
            for _ in 0..<3 { try await refresh.refresh() }
            let read = try await fixture.database.read(odd.id) { tx in try await Tenant.current(in: tx) }

            #expect(directory[other.id]?.status == .suspended)
            #expect(directory[odd.id] == TenantDirectory.Entry(status: .active, limits: TenantLimits()))
            #expect(read?.limits == TenantLimits())
            #expect(logged.count == 1 && logged[0].contains("\(odd.id)"))
            #expect(lines.all.count == 1)
        }
    }

    @Test("What is no number is refused", arguments: [#"{"bots":"x"}"#, #"{"bots":[1]}"#, #"{"bots":true}"#])
    func refused(_ limits: String) async throws {
        try await Fixture.with { fixture in
            _ = try await fixture.tenant()

            let error = await #expect(throws: PostgresError.self) {
                try await fixture.tamper("UPDATE tenant SET limits = \(limits)::text::jsonb")
            }

            #expect(error?.violates("tenant_limits_numbers") == true)
        }
    }

    @Test("A directory is fresh for so long after the beginning of a look, and before the first not at all")
    func freshness() async throws {
        try await Fixture.with { fixture in
            let directory = TenantDirectory()
            let before = directory.isFresh(within: .seconds(1000))

            try await TenantDirectoryRefresh(
                loop: fixture.loop, database: fixture.database, directory: directory, logger: fixture.logger
            ).refresh()

            #expect(!before)
            #expect(directory.isFresh(within: TenantDirectory.reliableFor))
            #expect(!directory.isFresh(within: TenantDirectory.reliableFor, at: .now + .seconds(15)))
        }
    }
}
