import FoundationEssentials
import Platform
import TestSupport
import Testing

@testable import API

@Suite("Settings")
struct SettingsTests {
    private static let complete = [
        "DATABASE_URL": "postgres://rookery_app:hush-hush@localhost/rookery",
        "ROOKERY_MASTER_KEY": Base64.encode([UInt8](repeating: 7, count: 32)),
    ]

    @Test("With the two that are needed, everything else has the contract's default")
    func defaults() throws {
        let settings = try Settings(environment: Self.complete)

        #expect(settings.environment == .production)
        #expect("\(settings.listen)" == "127.0.0.1:8080")
        #expect("\(settings.adminListen)" == "127.0.0.1:9090")
        #expect(settings.telegramAPIURL == "https://api.telegram.org")
        #expect(settings.checksTelegramAddress)
        #expect(!settings.allowsPrivateDestinations)
        #expect(settings.trustedProxies.isEmpty)
        #expect(settings.loops == EventLoop.standardCount)
        #expect(settings.shutdownTime == .seconds(30))
    }

    @Test("In development the address check is off and private destinations are allowed")
    func development() throws {
        let settings = try Settings(
            environment: Self.complete.merging(["ROOKERY_ENV": "development"]) { $1 })

        #expect(!settings.checksTelegramAddress)
        #expect(settings.allowsPrivateDestinations)
    }

    @Test("Every fault is told at once, by name")
    func allFaults() throws {
        let environment = [
            "ROOKERY_ENV": "moon", "ROOKERY_LISTEN": "here", "ROOKERY_PUBLIC_URL": "ftp://x",
            "ROOKERY_MASTER_KEY": "short", "ROOKERY_TRUSTED_PROXIES": "10.0.0.0/8,x",
            "ROOKERY_TELEGRAM_IP_CHECK": "maybe", "ROOKERY_LOOPS": "0", "ROOKERY_LOG_LEVEL": "loud",
            "ROOKERY_LOG_FORMAT": "xml", "ROOKERY_SHUTDOWN_SECONDS": "-1",
        ]

        let faults = faults(in: environment)

        #expect(Set(faults.map(\.name)) == Set(environment.keys).union(["DATABASE_URL"]))
        #expect(!faults.contains { $0.problem.contains("short") })
    }

    @Test("In production the public URL is https")
    func publicURL() {
        let plain = Self.complete.merging(["ROOKERY_PUBLIC_URL": "http://example.com"]) { $1 }
        let secure = Self.complete.merging(["ROOKERY_PUBLIC_URL": "https://example.com/"]) { $1 }

        #expect(faults(in: plain).map(\.name) == ["ROOKERY_PUBLIC_URL"])
        #expect((try? Settings(environment: secure))?.publicURL == "https://example.com")
    }

    @Test("A secret may come from a file, without the line's end; a file that is not there is a fault")
    func files() throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        var environment = Self.complete
        environment["ROOKERY_MASTER_KEY"] = nil
        try folder.write("key", Base64.encode([UInt8](repeating: 9, count: 32)) + "\n")

        environment["ROOKERY_MASTER_KEY_FILE"] = folder.path + "/key"
        let faultsWithFile = faults(in: environment)
        environment["ROOKERY_MASTER_KEY_FILE"] = folder.path + "/nothing"
        let faultsWithout = faults(in: environment)

        #expect(faultsWithFile.isEmpty)
        #expect(faultsWithout.map(\.name).contains("ROOKERY_MASTER_KEY_FILE"))
    }

    @Test("Secrets and passwords are masked where settings are shown")
    func masking() throws {
        var reader = SettingsReader(environment: Self.complete)

        _ = Settings(&reader)

        let shown = reader.readings.map { "\($0.name)=\($0.value) (\($0.source))" }.joined(separator: "\n")
        #expect(!shown.contains("hush-hush"))
        let key = try #require(Self.complete["ROOKERY_MASTER_KEY"])
        #expect(!shown.contains(key))
        #expect(
            shown.contains("DATABASE_URL=postgres://rookery_app:[masked]@localhost/rookery (environment)"))
        #expect(shown.contains("ROOKERY_LISTEN=127.0.0.1:8080 (default)"))
        #expect(shown.contains("ROOKERY_PUBLIC_URL= (not set)"))
    }

    @Test("A mail server needs a sender; its password is masked")
    func mail() {
        let server = ["ROOKERY_SMTP_URL": "smtps://rook:hush-mail@mail.example.org"]
        let sender = ["ROOKERY_MAIL_FROM": "rookery@example.org"]
        func settings(_ more: [String: String]...) -> [String: String] {
            more.reduce(Self.complete) { $0.merging($1) { $1 } }
        }
        var reader = SettingsReader(environment: settings(server, sender))

        let both = Settings(&reader)

        #expect(both?.mail != nil && reader.faults.isEmpty)
        #expect(!reader.readings.contains { $0.value.contains("hush-mail") })
        #expect((try? Settings(environment: settings(sender)))?.mail == nil)
        #expect(faults(in: settings(server)).map(\.name) == ["ROOKERY_MAIL_FROM"])
        #expect(
            faults(in: settings(server, ["ROOKERY_MAIL_FROM": "a@b, c@d"])).map(\.name) == [
                "ROOKERY_MAIL_FROM"
            ])
        #expect(
            faults(in: settings(["ROOKERY_SMTP_URL": "http://x"], sender)).map(\.name) == ["ROOKERY_SMTP_URL"]
        )
    }

    @Test("What is wrong with the settings of bots is told like all else, and a tunnel is for development")
    func bots() throws {
        let wrong = [
            "ROOKERY_RECONCILE_SECONDS": "0", "ROOKERY_ONBOARDING_PER_MINUTE": "many",
            "ROOKERY_HYBRID_SECONDS": "", "ROOKERY_TUNNEL": "drain",
        ]
        let tunnel = Self.complete.merging(["ROOKERY_TUNNEL": "ngrok"]) { $1 }
        var reader = SettingsReader(environment: Self.complete)

        _ = Settings(&reader)

        let shown = reader.readings.map { "\($0.name)=\($0.value)" }
        #expect(
            Set(shown).isSuperset(of: [
                "ROOKERY_RECONCILE_SECONDS=300", "ROOKERY_ONBOARDING_PER_MINUTE=15",
                "ROOKERY_HYBRID_SECONDS=120",
                "ROOKERY_TUNNEL=",
            ]))
        #expect(
            Set(faults(in: Self.complete.merging(wrong) { $1 }).map(\.name))
                == Set(wrong.keys).subtracting(["ROOKERY_HYBRID_SECONDS"]))
        #expect(faults(in: tunnel).map(\.name) == ["ROOKERY_TUNNEL"])
        #expect(
            try Settings(environment: tunnel.merging(["ROOKERY_ENV": "development"]) { $1 }).bots.tunnel
                == .ngrok)
    }

    private func faults(in environment: [String: String]) -> [SettingsReader.Fault] {
        do {
            _ = try Settings(environment: environment)
            return []
        } catch {
            return error.faults
        }
    }
}
