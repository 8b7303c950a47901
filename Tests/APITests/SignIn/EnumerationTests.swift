import Auth
import Platform
import Tenancy
import TestSupport
import Testing

@testable import API

/// Whether the time of an answer tells if there is an account. The samples are taken in turn, so that whatever else
/// the machine does meets all of them alike, and compared by rank (Mann–Whitney U), so that no single slow one
/// counts for much. As many are taken as it takes to see a difference that is known to be there.
@Suite("Enumeration by time", .serialized, .timeLimit(.minutes(10)))
struct EnumerationTests {
    private static let cost = PasswordHash.Cost(logN: 12, r: 8, p: 1)
    private static let rounds = 40
    private static let mostRounds = 1000
    /// In standard deviations: by chance once in ten thousand.
    private static let significance = 3.9

    @Test("An unknown account takes as long as a wrong password; a cheaper hash would show")
    func time() async throws {
        try await RunningApp.with(passwordCost: Self.cost) { app in
            _ = try await app.fixture.account("known@example.com", cost: Self.cost)
            _ = try await app.fixture.account("cheap@example.com", cost: Fixture.passwordCost)
            let emails = ["known@example.com", "unknown@example.com", "cheap@example.com"]
            for email in emails { _ = try await app.login(email, "wrong") }
            var times: [String: [Duration]] = [:]

            func difference() throws -> Double {
                Self.distance(try #require(times[emails[0]]), try #require(times[emails[2]]))
            }
            for round in 0..<Self.mostRounds {
                if round >= Self.rounds, try difference() > Self.significance { break }
                for email in emails.shuffled() {
                    try await app.fixture.superuser.withConnection { connection in
                        _ = try await connection.execute("DELETE FROM sign_in_failure")
                    }
                    let start = ContinuousClock.now
                    let answer = try await app.login(email, "wrong")
                    times[email, default: []].append(.now - start)
                    #expect(answer.status == 401)
                }
            }

            let known = try #require(times[emails[0]])
            #expect(abs(Self.distance(known, try #require(times[emails[1]]))) < Self.significance)
            #expect(try difference() > Self.significance)
        }
    }

    /// How far the first are above the second, in standard deviations of what chance gives; below 0 when below.
    private static func distance(_ first: [Duration], _ second: [Duration]) -> Double {
        let wins = first.reduce(0.0) { sum, one in
            second.reduce(sum) { $0 + (one > $1 ? 1 : one == $1 ? 0.5 : 0) }
        }
        let (m, n) = (Double(first.count), Double(second.count))
        return (wins - m * n / 2) / (m * n * (m + n + 1) / 12).squareRoot()
    }
}
