import Platform
import Testing

@testable import Sandbox

@Suite("The limit of new tokens", .timeLimit(.minutes(10)))
struct NewTokenLimitTests {
    private let address = IPAddress(bytes: [127, 0, 0, 1])
    private let start = Timestamp(microsecondsSince1970: 1_000_000_000_000)

    @Test("The twenty-first within a minute waits until the first is a minute old")
    func perMinute() {
        var sights = NewTokenSights()

        let taken = (0..<20).map {
            sights.see(from: address, at: start + .seconds($0), limit: NewTokenLimit())
        }
        let refused = sights.see(from: address, at: start + .seconds(20), limit: NewTokenLimit())
        let other = sights.see(
            from: IPAddress(bytes: [127, 0, 0, 2]), at: start + .seconds(20), limit: NewTokenLimit())
        let later = sights.see(from: address, at: start + .seconds(60), limit: NewTokenLimit())

        #expect(taken.allSatisfy { $0 == nil })
        #expect(refused == 41)
        #expect(other == nil)
        #expect(later == nil)
    }

    @Test("The six hundred and first within an hour waits for the hour's end")
    func perHour() {
        var sights = NewTokenSights()

        let taken = (0..<600).map {
            sights.see(from: address, at: start + .seconds($0 * 4), limit: NewTokenLimit())
        }
        let refused = sights.see(from: address, at: start + .seconds(2400), limit: NewTokenLimit())
        let later = sights.see(from: address, at: start + .seconds(3600), limit: NewTokenLimit())

        #expect(taken.allSatisfy { $0 == nil })
        #expect(refused == 1201)
        #expect(later == nil)
    }

    @Test("A token that was seen is taken always, one of no bot counts, and without a limit all are")
    func counts() async throws {
        // Its minute lasts long enough for any machine.
        let fixture = try await Fixture(
            SandboxConfiguration(speed: 0.001, newTokens: NewTokenLimit(perMinute: 2, perHour: 600)))
        for token in ["43:a", "44:b"] { _ = try await fixture.sandbox.addBot(token: token) }
        func ask(_ token: String) async -> Int {
            await fixture.sandbox.call("getMe", token: token, CallParameters(), from: address).status
        }

        var statuses: [Int] = []
        for token in ["43:a", "99:nobodys", "43:a", "44:b"] { statuses.append(await ask(token)) }
        await fixture.sandbox.setNewTokenLimit(nil)
        statuses.append(await ask("44:b"))

        #expect(statuses == [200, 401, 200, 429, 200])
    }
}
