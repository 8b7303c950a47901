import Auth
import Platform
import Tenancy

/// Everything that can be set from outside, read and checked once at the start.
struct Settings: Sendable {
    enum Environment: String, Sendable { case development, staging, production }

    /// Wrong or missing settings, all of them.
    struct Invalid: Error {
        let faults: [SettingsReader.Fault]
    }

    let environment: Environment
    let listen: Endpoint
    let adminListen: Endpoint
    let publicURL: String?
    let databaseURL: String
    let databaseOwnerURL: String?
    let masterKey: KeyRing
    let telegramAPIURL: String
    let trustedProxies: [AddressRange]
    let checksTelegramAddress: Bool
    let loops: Int
    let logLevel: Logger.Level
    let logFormat: Logger.Format
    let allowsPrivateDestinations: Bool
    /// Ports that updates are posted to.
    let destinationPorts: PortRanges
    let shutdownTime: Duration
    let bots: BotsSettings
    let retention: RetentionDays
    /// nil: no letters are sent.
    let mail: SMTPClient?
    /// Of new password hashes. Not to be set from outside: less only where hashing itself is not what is tried.
    var passwordCost = PasswordHash.Cost.standard
    /// Of the threads that make and check them, likewise.
    var passwordNiceness = Passwords.niceness
}

extension Settings {
    static let standardTelegramAPI = "https://api.telegram.org"

    init(environment variables: [String: String]) throws(Invalid) {
        var reader = SettingsReader(environment: variables)
        let settings = Settings(&reader)
        guard let settings, reader.faults.isEmpty else { throw Invalid(faults: reader.faults) }
        self = settings
    }

    /// nil when something is missing; the reader knows what.
    init?(_ reader: inout SettingsReader) {
        let environment = reader.read(
            "ROOKERY_ENV", default: "production", expected: "development, staging or production",
            parse: Environment.init(rawValue:))
        let isProduction = environment == .production
        let isDevelopment = environment == .development
        let address = "an address and a port, such as 127.0.0.1:8080"
        let listen = reader.read(
            "ROOKERY_LISTEN", default: "127.0.0.1:8080", expected: address, parse: Endpoint.init)
        let admin = reader.read(
            "ROOKERY_ADMIN_LISTEN", default: "127.0.0.1:9090", expected: address, parse: Endpoint.init)
        publicURL = reader.read(
            "ROOKERY_PUBLIC_URL", expected: isProduction ? "an https URL" : "an http or https URL"
        ) { Self.url($0, schemes: isProduction ? ["https"] : ["http", "https"]) }
        let database = reader.read(
            "DATABASE_URL", isRequired: true, expected: "a postgres:// URL with the role rookery_app",
            parse: Self.postgresURL)
        databaseOwnerURL = reader.read(
            "DATABASE_OWNER_URL", expected: "a postgres:// URL with the role that owns the tables",
            parse: Self.postgresURL)
        let key = reader.read(
            "ROOKERY_MASTER_KEY", isRequired: true, isSecret: true,
            expected:
                "32 bytes in base64 (openssl rand -base64 32), or a ring id:key,id:key with the newest first"
        ) { try? KeyRing($0) }
        let telegram = reader.read(
            "ROOKERY_TELEGRAM_API_URL", default: Self.standardTelegramAPI, expected: "an http or https URL"
        ) { Self.url($0, schemes: ["http", "https"]) }
        let proxies = reader.read(
            "ROOKERY_TRUSTED_PROXIES", default: "", expected: "CIDR blocks separated by commas",
            parse: Self.ranges)
        let checks = reader.read(
            "ROOKERY_TELEGRAM_IP_CHECK", default: isProduction ? "on" : "off", expected: "on or off",
            parse: Self.flag)
        let loops = reader.read(
            "ROOKERY_LOOPS", default: "\(EventLoop.standardCount)", expected: "a number from 1 to 64"
        ) { Int($0).flatMap { (1...64).contains($0) ? $0 : nil } }
        let level = reader.read(
            "ROOKERY_LOG_LEVEL", default: "info", expected: "trace, debug, info, warning or error",
            parse: Logger.Level.init(name:))
        let format = reader.read(
            "ROOKERY_LOG_FORMAT", default: "json", expected: "json or text",
            parse: Logger.Format.init(rawValue:))
        let allowsPrivate = reader.read(
            "ROOKERY_ALLOW_PRIVATE_DESTINATIONS", default: isDevelopment ? "on" : "off",
            expected: "on or off",
            parse: Self.flag)
        let ports = reader.read(
            "ROOKERY_DESTINATION_PORTS", default: "80,443,1024-65535",
            expected: "ports and ranges of ports separated by commas, such as 443,8000-9000",
            parse: PortRanges.init)
        let shutdown = reader.read(
            "ROOKERY_SHUTDOWN_SECONDS", default: "30", expected: "a number of seconds from 1 to 300"
        ) { Int($0).flatMap { (1...300).contains($0) ? Duration.seconds($0) : nil } }
        bots = BotsSettings(&reader)
        retention = RetentionDays(&reader)
        if bots.tunnel != nil, environment != .development {
            reader.fault("ROOKERY_TUNNEL", "is for development; elsewhere set ROOKERY_PUBLIC_URL")
        }
        mail = Self.mail(&reader)
        guard let environment, let listen, let admin, let database, let key, let telegram, let proxies,
            let checks,
            let loops, let level, let format, let allowsPrivate, let ports, let shutdown
        else { return nil }
        self.environment = environment
        self.listen = listen
        adminListen = admin
        databaseURL = database
        masterKey = key
        telegramAPIURL = telegram
        trustedProxies = proxies
        checksTelegramAddress = checks
        self.loops = loops
        logLevel = level
        logFormat = format
        allowsPrivateDestinations = allowsPrivate
        destinationPorts = ports
        shutdownTime = shutdown
    }

    private static func mail(_ reader: inout SettingsReader) -> SMTPClient? {
        let server = reader.read(
            "ROOKERY_SMTP_URL", expected: "smtp[s]://user:password@host:port", parse: SMTPServer.init)
        let sender = reader.read("ROOKERY_MAIL_FROM", expected: "an e-mail address") {
            EmailAddress.isValid($0) ? $0 : nil
        }
        guard let server else { return nil }
        guard let sender else {
            if !reader.faults.contains(where: { $0.name == "ROOKERY_MAIL_FROM" }) {
                reader.fault(
                    "ROOKERY_MAIL_FROM", "is not set; with ROOKERY_SMTP_URL it must be an e-mail address")
            }
            return nil
        }
        return SMTPClient(server: server, sender: sender)
    }

    var logger: Logger { Logger(minimum: logLevel, format: logFormat) }

    /// Of what tenants have updates posted to.
    var destinations: AddressGuard {
        AddressGuard(allowsPrivate: allowsPrivateDestinations, ports: destinationPorts)
    }

    // MARK: Forms

    static func flag(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "on", "true", "1", "yes": true
        case "off", "false", "0", "no": false
        default: nil
        }
    }

    /// Without the slash at the end.
    static func url(_ text: String, schemes: [String]) -> String? {
        guard let scheme = schemes.first(where: { text.hasPrefix($0 + "://") }),
            text.count > scheme.count + 3,
            !text.contains(where: \.isWhitespace)
        else { return nil }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }

    static func postgresURL(_ text: String) -> String? { url(text, schemes: ["postgres", "postgresql"]) }

    static func ranges(_ text: String) -> [AddressRange]? {
        let parts = text.split(separator: ",").map { $0.filter { !$0.isWhitespace } }
        let ranges = parts.compactMap { AddressRange($0) }
        return ranges.count == parts.count ? ranges : nil
    }
}
