import Auth
import Platform
import TestSupport
import Testing

@Suite("Password hashes", .timeLimit(.minutes(10)))
struct PasswordHashTests {
    @Test("A hash is a PHC string that its password alone matches")
    func matches() async throws {
        let hash = try await offPool { try PasswordHash(of: "seven crows on a wire") }

        let read = try #require(PasswordHash(phc: hash.phc))
        let (right, wrong, empty) = try await offPool {
            (read.matches("seven crows on a wire"), read.matches("seven crows on a wire "), read.matches(""))
        }

        #expect(hash.phc.hasPrefix("$scrypt$ln=15,r=8,p=3$"))
        #expect(hash.phc.split(separator: "$").map(\.count) == [6, 13, 22, 43])
        #expect(read == hash)
        #expect(right && !wrong && !empty)
    }

    /// Python's hashlib.scrypt: password, salt `rookery-salt`, 64 bytes.
    @Test("A hash made elsewhere is understood")
    func vector() async throws {
        let text =
            "$scrypt$ln=10,r=8,p=4$cm9va2VyeS1zYWx0$x1zOP2nHRGTIVcKVtMSaH64KoLiB4ioF11/GF59mWUhTqNWqCO56OUOcS+a6EnkCOhkmCUzUZ9W8GJ0O+YSQnQ"

        let hash = try #require(PasswordHash(phc: text))

        #expect(hash.matches("password"))
        #expect(!hash.matches("passwore"))
        #expect(hash.needsRehash())
    }

    @Test("Two hashes of one password differ")
    func salted() throws {
        let (first, second) = (
            try PasswordHash(of: "x", cost: Fixture.passwordCost),
            try PasswordHash(of: "x", cost: Fixture.passwordCost)
        )

        #expect(first.phc != second.phc)
    }

    @Test("A hash of other parameters is to be made anew, one of the present ones is not")
    func rehash() throws {
        let hash = try PasswordHash(of: "x", cost: Fixture.passwordCost)

        #expect(hash.needsRehash())
        #expect(!hash.needsRehash(to: Fixture.passwordCost))
    }

    @Test(
        "What is no hash, or would cost too much to check, is not taken",
        arguments: [
            "", "$", "$scrypt$", "$argon2id$v=19$m=65536,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
            "$scrypt$ln=15,r=8,p=3$c2FsdHNhbHRzYWx0c2FsdA",
            "$scrypt$ln=0,r=8,p=3$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA",
            "$scrypt$ln=30,r=8,p=3$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA",
            "$scrypt$ln=15,r=99999999999,p=3$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA",
            "$scrypt$ln=15,r=8,p=100$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA",
            "$scrypt$ln=-5,r=8,p=3$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA",
            "$scrypt$r=8,ln=15,p=3$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA",
            "$scrypt$ln=15,r=8,p=3$$aGFzaGhhc2hoYXNoaGFzaA", "$scrypt$ln=15,r=8,p=3$c2FsdHNhbHRzYWx0$",
            "$scrypt$ln=15,r=8,p=3$c2Fsd!Nhb$aGFzaGhhc2hoYXNoaGFzaA",
            "$scrypt$ln=15,r=8,p=3$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA==",
        ])
    func refused(_ text: String) {
        #expect(PasswordHash(phc: text) == nil)
    }
}
