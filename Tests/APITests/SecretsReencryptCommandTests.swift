import Platform
import Tenancy
import TestSupport
import Testing

@testable import API

@Suite("rookery secrets reencrypt", .serialized, .timeLimit(.minutes(10)))
struct SecretsReencryptCommandTests {
    @Test("It seals anew, says which keys are in use, and --check fails until none but the newest is")
    func reencrypt() async throws {
        try await Fixture.with { fixture in
            _ = try await fixture.bot(in: fixture.tenant())
            let ring = "new:\(Base64.encode(Random.bytes(32))),\(fixture.masterKey)"

            let before = await Self.run(fixture, ring, ["--check"])
            let sealing = await Self.run(fixture, ring, [])
            let after = await Self.run(fixture, ring, ["--check"])

            #expect(before.status == .failed && before.errors.first?.contains("2 secrets are sealed") == true)
            #expect(before.output.first?.hasSuffix("  1 with test") == true)
            #expect(sealing.status == .success && sealing.output.first == "sealed anew with new: 2")
            #expect(after.status == .success && after.errors.isEmpty)
            #expect(after.output.first?.hasSuffix("  1 with new") == true)
            #expect(after.output.last == "new is the only key that is needed")
        }
    }

    @Test("Answers to idempotent requests are left, and keep the old key needed")
    func answers() async throws {
        try await Fixture.with { fixture in
            let sealed = try fixture.box.seal([1], for: [2])
            _ = try await fixture.superuser.withConnection { connection in
                try await connection.execute(
                    """
                    INSERT INTO idempotency_key (tenant_id, caller, key, answer_sealed)
                    VALUES (\(ID<Tenant>.platform), 'crow', 'k', \(sealed))
                    """)
            }
            let ring = "new:\(Base64.encode(Random.bytes(32))),\(fixture.masterKey)"

            let sealing = await Self.run(fixture, ring, [])
            let check = await Self.run(fixture, ring, ["--check"])

            #expect(sealing.status == .success && sealing.output.last?.contains("Idempotency-Key") == true)
            #expect(check.status == .failed && check.errors.first?.contains("1 secret is sealed") == true)
        }
    }

    @Test("A key that has left the ring too early is named, and ends it with status 1")
    func leftTooEarly() async throws {
        try await Fixture.with { fixture in
            _ = try await fixture.bot(in: fixture.tenant())

            let sealing = await Self.run(fixture, "new:" + Base64.encode(Random.bytes(32)), [])

            #expect(sealing.status == .failed)
            #expect(sealing.output.contains { $0.hasSuffix("1 with test, which is not in the ring") })
            #expect(sealing.errors.first?.contains("keep the old ones in the ring") == true)
        }
    }

    private static func run(
        _ fixture: Fixture, _ ring: String, _ words: [String]
    ) async -> (status: API.ExitStatus, output: [String], errors: [String]) {
        let (output, errors) = (Happenings<String>(), Happenings<String>())
        let environment = ProcessEnvironment(
            variables: [
                "ROOKERY_ENV": "development", "DATABASE_URL": (try? fixture.testDatabase.programURL()) ?? "",
                "ROOKERY_MASTER_KEY": ring,
            ], readLine: { nil }, print: { output.add($0) },
            printError: { line in if line.hasPrefix("rookery: ") { errors.add(line) } })
        let status = await CommandLineFront(
            words: ["secrets", "reencrypt"] + words, environment: environment
        ).run()
        return (status, output.all, errors.all)
    }
}
