import Platform
import TestSupport
import Testing

@testable import Auth

@Suite("Password threads", .timeLimit(.minutes(10)))
struct PasswordsTests {
    @Test("What is not the account's password, and any password of no account, is wrong")
    func check() async throws {
        let passwords = try Passwords(threads: 1, cost: Fixture.passwordCost, niceness: 0)
        defer { passwords.stop() }
        let hash = try await passwords.hash("seven crows on a wire")

        let right = try await passwords.check("seven crows on a wire", against: hash)
        let wrong = try await passwords.check("eight crows on a wire", against: hash)
        let nobody = try await passwords.check("seven crows on a wire", against: nil)

        #expect(right && !wrong && !nobody)
        #expect(!passwords.needsRehash(hash))
    }

    @Test("A flood is turned away past a short queue, and those let in are all answered")
    func flood() async throws {
        let passwords = try Passwords(threads: 1, cost: Fixture.passwordCost, niceness: 0)
        defer { passwords.stop() }
        let gate = ThreadGate()
        let earlier = Task { try await passwords.run { gate.wait() } }
        await gate.awaitEntered()

        let answers = await withTaskGroup(of: Bool?.self) { group in
            for _ in 0..<60 {
                group.addTask {
                    do {
                        return try await passwords.check("seven crows on a wire", against: nil)
                    } catch is Passwords.Busy {
                        return nil
                    } catch { return true }
                }
            }
            var answers: [Bool?] = []
            while let answer = await group.next() {
                answers.append(answer)
                // All have asked by now, and the queue is full.
                if answers.count == 60 - Passwords.queueLength { gate.open() }
            }
            return answers
        }

        try await earlier.value
        let turnedAway = 60 - Passwords.queueLength
        #expect(answers.prefix(turnedAway).allSatisfy { $0 == nil })
        #expect(answers.dropFirst(turnedAway).allSatisfy { $0 == false })
    }
}
