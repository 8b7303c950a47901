import Platform
import Testing

@testable import Tenancy

@Suite("Bot directory")
struct BotDirectoryTests {
    private let bot = ID<Bot>()
    private let tenant = ID<Tenant>()
    private let now = ContinuousClock.now

    @Test("A bot nobody has connected is unknown, whatever is presented")
    func unknown() {
        let directory = BotDirectory()

        #expect(directory.admit(bot, secret: nil, isAddressAllowed: false, at: now) == .unknownBot)
        #expect(directory.admit(bot, secret: "crow", isAddressAllowed: true, at: now) == .unknownBot)
        #expect(!directory.isLoaded)
    }

    @Test(
        "A missing, wrong or nearly right secret is refused",
        arguments: [nil, "", "cro", "crow ", "CROW", "rook"])
    func wrongSecret(_ secret: String?) {
        let directory = directory(secrets: ["crow"])

        #expect(directory.admit(bot, secret: secret, isAddressAllowed: true, at: now) == .wrongSecret)
    }

    @Test("A bot without secrets admits nobody")
    func noSecrets() {
        let directory = directory(secrets: [])

        #expect(directory.admit(bot, secret: nil, isAddressAllowed: true, at: now) == .wrongSecret)
        #expect(directory.admit(bot, secret: "", isAddressAllowed: true, at: now) == .wrongSecret)
    }

    @Test("While secrets are being replaced any of them is right")
    func severalSecrets() {
        let directory = directory(secrets: ["new", "old", "older"])

        for secret in ["new", "old", "older"] {
            let admission = directory.admit(bot, secret: secret, isAddressAllowed: true, at: now)
            #expect(admission == .admitted(tenant: tenant))
        }
    }

    @Test("Secret, tenant, address, limit: the first that fails decides")
    func order() {
        let directory = directory(secrets: ["crow"], perMinute: 0)
        directory.setSuspended([tenant])

        let wrongSecret = directory.admit(bot, secret: "x", isAddressAllowed: false, at: now)
        let suspended = directory.admit(bot, secret: "crow", isAddressAllowed: false, at: now)
        directory.setSuspended([])
        let address = directory.admit(bot, secret: "crow", isAddressAllowed: false, at: now)
        let limit = directory.admit(bot, secret: "crow", isAddressAllowed: true, at: now)

        #expect(wrongSecret == .wrongSecret)
        #expect(suspended == .suspended)
        #expect(address == .addressRefused)
        #expect(limit == .limited(retryAfter: .seconds(60)))
    }

    @Test("The limit is kept when a bot is read again, and what is refused for another reason does not count")
    func limits() {
        let directory = directory(secrets: ["crow"], perMinute: 2)

        for _ in 0..<10 { _ = directory.admit(bot, secret: "x", isAddressAllowed: true, at: now) }
        let first = directory.admit(bot, secret: "crow", isAddressAllowed: true, at: now)
        fill(directory, ["crow"], 2)
        let second = directory.admit(bot, secret: "crow", isAddressAllowed: true, at: now)
        let third = directory.admit(bot, secret: "crow", isAddressAllowed: true, at: now)

        #expect(first == .admitted(tenant: tenant) && second == .admitted(tenant: tenant))
        #expect(third == .limited(retryAfter: .seconds(30)))
    }

    private func directory(secrets: [String], perMinute: Int? = nil) -> BotDirectory {
        let directory = BotDirectory()
        fill(directory, secrets, perMinute)
        return directory
    }

    private func fill(_ directory: BotDirectory, _ secrets: [String], _ perMinute: Int?) {
        directory.set(
            bot,
            BotDirectory.Entry(
                tenant: tenant, secrets: secrets.map(SecretDigest.init(of:)), updatesPerMinute: perMinute))
    }
}
