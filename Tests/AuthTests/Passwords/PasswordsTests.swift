import Auth
import Platform
import TestSupport
import Testing

@Suite("Password threads", .timeLimit(.minutes(10)))
struct PasswordsTests {
    @Test("What is not the account's password, and any password of no account, is wrong")
    func check() async throws {
        let passwords = try Passwords(threads: 1, cost: Fixture.passwordCost)
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
        let passwords = try Passwords(threads: 1)
        defer { passwords.stop() }

        let (answered, busy) = await withTaskGroup(of: Bool?.self) { group in
            for _ in 0..<60 {
                group.addTask {
                    do {
                        return try await passwords.check("seven crows on a wire", against: nil)
                    } catch is Passwords.Busy {
                        return nil
                    } catch { return true }
                }
            }
            return await group.reduce(into: (0, 0)) {
                $1 == nil ? ($0.1 += 1) : ($0.0 += $1 == false ? 1 : 100)
            }
        }

        #expect((16...18).contains(answered))
        #expect(answered + busy == 60)
    }
}
