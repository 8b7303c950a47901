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
        let directory = BotDirectory(tenants: TenantDirectory())

        #expect(directory.admit(bot, secret: nil, isAddressAllowed: false, at: now) == .refused(.unknownBot))
        #expect(
            directory.admit(bot, secret: "crow", isAddressAllowed: true, at: now) == .refused(.unknownBot))
        #expect(!directory.isLoaded)
    }

    @Test(
        "A missing, wrong or nearly right secret is refused",
        arguments: [nil, "", "cro", "crow ", "CROW", "rook"])
    func wrongSecret(_ secret: String?) {
        let directory = directory(secrets: ["crow"])

        #expect(
            directory.admit(bot, secret: secret, isAddressAllowed: true, at: now) == .refused(.wrongSecret))
    }

    @Test("A bot without secrets admits nobody")
    func noSecrets() {
        let directory = directory(secrets: [])

        #expect(directory.admit(bot, secret: nil, isAddressAllowed: true, at: now) == .refused(.wrongSecret))
        #expect(directory.admit(bot, secret: "", isAddressAllowed: true, at: now) == .refused(.wrongSecret))
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
        directory.tenants.set(tenant, entry(.suspended, perMinute: 0))

        let wrongSecret = directory.admit(bot, secret: "x", isAddressAllowed: false, at: now)
        let suspended = directory.admit(bot, secret: "crow", isAddressAllowed: false, at: now)
        directory.tenants.set(tenant, entry(.active, perMinute: 0))
        let address = directory.admit(bot, secret: "crow", isAddressAllowed: false, at: now)
        let limit = directory.admit(bot, secret: "crow", isAddressAllowed: true, at: now)

        #expect(wrongSecret == .refused(.wrongSecret))
        #expect(suspended == .refused(.suspended))
        #expect(address == .refused(.addressRefused))
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

    @Test("A look ahead refuses what is refused for good, and takes nothing of the limit")
    func refusal() {
        let directory = directory(secrets: ["crow"], perMinute: 1)

        let looks = (0..<10).map { _ in
            directory.refusal(of: bot, secret: "crow", isAddressAllowed: true)
        }
        let wrong = directory.refusal(of: bot, secret: "x", isAddressAllowed: true)
        let address = directory.refusal(of: bot, secret: "crow", isAddressAllowed: false)
        let unknown = directory.refusal(of: ID(), secret: "crow", isAddressAllowed: true)

        #expect(looks.allSatisfy { $0 == nil })
        #expect(wrong == .wrongSecret && address == .addressRefused && unknown == .unknownBot)
        let admission = directory.admit(bot, secret: "crow", isAddressAllowed: true, at: now)
        #expect(admission == .admitted(tenant: tenant))
    }

    @Test("A bot whose tenant is not known is unknown, too")
    func unknownTenant() {
        let directory = directory(secrets: ["crow"])

        directory.tenants.set(tenant, entry(.deleted, perMinute: nil))

        #expect(
            directory.admit(bot, secret: "crow", isAddressAllowed: true, at: now) == .refused(.unknownBot))
        #expect(directory.tenant(of: bot) == nil)
    }

    private func directory(secrets: [String], perMinute: Int? = nil) -> BotDirectory {
        let directory = BotDirectory(tenants: TenantDirectory())
        fill(directory, secrets, perMinute)
        return directory
    }

    private func fill(_ directory: BotDirectory, _ secrets: [String], _ perMinute: Int?) {
        directory.tenants.set(tenant, entry(.active, perMinute: perMinute))
        directory.set(
            bot,
            BotDirectory.Entry(
                tenant: tenant, secrets: secrets.map(SecretDigest.init(of:)), transport: .webhook,
                takesAdminCommands: false))
    }

    private func entry(_ status: Tenant.Status, perMinute: Int?) -> TenantDirectory.Entry {
        TenantDirectory.Entry(
            status: status, limits: TenantLimits(overrides: [.ingestPerMinutePerBot: perMinute]))
    }
}
