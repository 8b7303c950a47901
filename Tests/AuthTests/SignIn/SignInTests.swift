import Auth
import Platform
import Tenancy
import TestSupport
import Testing

@Suite("Sign-in", .serialized, .timeLimit(.minutes(10)))
struct SignInTests {
    private static let address = IPAddress("192.0.2.1")!

    @Test("The right password gives the account, however the e-mail is written")
    func right() async throws {
        try await withSignIn { fixture, signIn in
            let account = try await fixture.account("Ada@Example.com")

            let found = try await signIn("aDA@example.COM", Fixture.password)

            #expect(found.account.id == account.id)
        }
    }

    @Test("Unknown accounts and wrong passwords fail in the same way, and leave the same traces")
    func wrong() async throws {
        try await withSignIn { fixture, signIn in
            _ = try await fixture.account()

            await #expect(throws: SignIn.WrongCredentials.self) {
                try await signIn("ada@example.com", "wrong")
            }
            await #expect(throws: SignIn.WrongCredentials.self) {
                try await signIn("nobody@example.com", "wrong")
            }

            #expect(
                try await fixture.audit("session.create") == [
                    "failure ada@example.com", "failure nobody@example.com",
                ])
            #expect(try await fixture.failures() == [1, 1, 2])
        }
    }

    @Test("From the fifth failure on the door is shut, for twice as long each time, up to 15 minutes")
    func growingDelay() async throws {
        try await withSignIn { fixture, signIn in
            _ = try await fixture.account()
            var delays: [Int] = []

            for _ in 1...17 {
                await #expect(throws: SignIn.WrongCredentials.self) {
                    try await signIn("ada@example.com", "wrong")
                }
                delays.append(try await fixture.longestDelay())
                try await fixture.passTime("1 hour", lastAt: false)
            }

            #expect(delays == [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900])
        }
    }

    @Test("While the door is shut not even the right password opens it, and trying makes it no longer")
    func shut() async throws {
        try await withSignIn { fixture, signIn in
            _ = try await fixture.account()
            try await fixture.slowDoor()
            for _ in 1...8 {
                _ = try? await signIn("ada@example.com", "wrong")
                try await fixture.passTime("3 hours", lastAt: false)
            }
            _ = try? await signIn("ada@example.com", "wrong")

            for _ in 1...3 {
                let error = await #expect(throws: SignInThrottle.Shut.self) {
                    try await signIn("ada@example.com", Fixture.password)
                }
                #expect((14_000...16_000).contains(error?.retryAfter.seconds.rounded(.up) ?? 0))
            }
            try await fixture.passTime("16001 seconds", lastAt: false)
            let found = try await signIn("ada@example.com", Fixture.password)

            #expect(found.account.email == "ada@example.com")
        }
    }

    @Test("An unknown e-mail is slowed down like a known one")
    func unknownIsThrottled() async throws {
        try await withSignIn { fixture, signIn in
            try await fixture.slowDoor()
            for _ in 1...5 { _ = try? await signIn("nobody@example.com", "wrong") }

            await #expect(throws: SignInThrottle.Shut.self) {
                try await signIn("nobody@example.com", "wrong")
            }
        }
    }

    @Test("The right password clears the account's count, but not the address's")
    func cleared() async throws {
        try await withSignIn { fixture, signIn in
            _ = try await fixture.account()
            for _ in 1...4 { _ = try? await signIn("ada@example.com", "wrong") }

            _ = try await signIn("ada@example.com", Fixture.password)
            #expect(try await fixture.failures() == [4])
            for _ in 1...4 { _ = try? await signIn("ada@example.com", "wrong") }
            let found = try await signIn("ada@example.com", Fixture.password)

            #expect(found.account.email == "ada@example.com")
        }
    }

    @Test("Failures an hour back do not count")
    func forgotten() async throws {
        try await withSignIn { fixture, signIn in
            for _ in 1...5 { _ = try? await signIn("nobody@example.com", "wrong") }
            try await fixture.passTime("61 minutes")

            await #expect(throws: SignIn.WrongCredentials.self) {
                try await signIn("nobody@example.com", "wrong")
            }

            #expect(try await fixture.failures() == [1, 1])
        }
    }

    @Test("From its hundredth failure on an address is slowed down, whatever the e-mail")
    func address() async throws {
        try await withSignIn { fixture, signIn in
            _ = try await fixture.account()
            try await fixture.slowDoor()
            for number in 1...2 { _ = try? await signIn("nobody\(number)@example.com", "wrong") }
            try await fixture.run("UPDATE sign_in_failure SET failures = 99 WHERE failures = 2")

            await #expect(throws: SignIn.WrongCredentials.self) {
                try await signIn("nobody3@example.com", "wrong")
            }
            await #expect(throws: SignInThrottle.Shut.self) {
                try await signIn("ada@example.com", Fixture.password)
            }
            try await fixture.passTime("1001 seconds")
            let found = try await signIn("ada@example.com", Fixture.password)

            #expect(found.account.email == "ada@example.com")
            #expect(try await fixture.failures().last == 100)
        }
    }

    @Test("Many guesses at once near the limit are no more than one after the other")
    func guessesAtOnce() async throws {
        try await withSignIn { fixture, signIn in
            _ = try await fixture.account()
            try await fixture.slowDoor()
            for _ in 1...4 { _ = try? await signIn("ada@example.com", "wrong") }

            let guesses = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<12 {
                    group.addTask(executorPreference: fixture.loop) {
                        do {
                            _ = try await signIn("ada@example.com", "wrong")
                            return false
                        } catch { return error is SignIn.WrongCredentials }
                    }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }

            #expect(guesses == 1)
        }
    }

    @Test("A hash of other parameters is made anew when its password comes")
    func rehash() async throws {
        try await withSignIn { fixture, signIn in
            _ = try await fixture.account(cost: PasswordHash.Cost(logN: 3, r: 8, p: 1))

            let first = try await signIn("ada@example.com", Fixture.password)
            let second = try await signIn("ada@example.com", Fixture.password)

            #expect(first.passwordHash.hasPrefix("$scrypt$ln=4,"))
            #expect(second.passwordHash == first.passwordHash)
        }
    }

    @Test("Of two right sign-ins at once, both give the hash that is made anew")
    func rehashAtOnce() async throws {
        try await withSignIn { fixture, signIn in
            let account = try await fixture.account(cost: PasswordHash.Cost(logN: 3, r: 8, p: 1))

            let found = try await withThrowingTaskGroup(of: Account.Credentials.self) { group in
                for _ in 0..<4 {
                    group.addTask(executorPreference: fixture.loop) {
                        try await signIn("ada@example.com", Fixture.password)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1.passwordHash) }
            }

            let now = try await fixture.database.readPlatform { tx in
                try await Account.credentials(of: account.email, in: tx)
            }
            #expect(found.count == 4 && found.allSatisfy { $0 == now?.passwordHash })
        }
    }

    @Test("No password and no hash of one is anywhere but in the account")
    func noTraces() async throws {
        try await withSignIn { fixture, signIn in
            _ = try await fixture.account()

            _ = try? await signIn("ada@example.com", "a password that is wrong")

            let rows = try await fixture.superuser.withConnection { connection in
                try await connection.value(
                    "SELECT string_agg(audit_event::text, '') FROM audit_event", as: String.self)
            }
            #expect(rows?.contains("ada@example.com") == true)
            #expect(rows?.contains("a password that is wrong") == false)
        }
    }

    private func withSignIn(
        _ body:
            @escaping @Sendable (
                Fixture, @escaping @Sendable (String, String) async throws -> Account.Credentials
            ) async throws -> Void
    ) async throws {
        try await Fixture.with { fixture in
            let passwords = try Passwords(threads: 1, cost: Fixture.passwordCost, niceness: 0)
            defer { passwords.stop() }
            let signIn = SignIn(database: fixture.database, passwords: passwords, trail: fixture.trail)
            try await body(fixture) { email, password in
                try await signIn.check(
                    email: email, password: password, address: Self.address, origin: .commandLine)
            }
        }
    }
}
