import Auth
import Platform
import Tenancy

/// Makes somebody a platform admin, the first one above all.
struct PlatformAdminCreateCommand: Command {
    static let name = "platform-admin create"
    static let arguments = "--email EMAIL [--name NAME]"
    static let summary = "Makes a platform admin"
    static let help = """
        Makes an account that manages the platform, with a password of 12 to 256 characters: asked for twice, or one \
        line of standard input when that is no terminal. An account that is there already becomes a platform admin \
        and keeps its password. Works on the database of DATABASE_URL and prints the account's id.
        """

    private let email: String
    private let personName: String

    init(_ words: [String]) throws(Arguments.UsageError) {
        let arguments = try Arguments(words, options: ["email", "name"])
        try arguments.refusePositional()
        email = try arguments.required("email")
        guard EmailAddress.isValid(email) else {
            throw Arguments.UsageError("--email takes an e-mail address")
        }
        let name = arguments.value("name") ?? String(email.prefix { $0 != "@" })
        guard (1...200).contains(name.unicodeScalars.count) else {
            throw Arguments.UsageError("--name takes 1 to 200 characters")
        }
        personName = name
    }

    func run(_ environment: ProcessEnvironment) async throws {
        let settings = try Settings(environment: environment.variables)
        let runtime = try Runtime(loops: 1, logger: Logger(minimum: .warning, format: .text))
        let database = try DatabasePools.make(settings, loop: runtime.loops[0], runtime: runtime)
        let admins = PlatformAdmins(database: database, box: SecretBox(keyRing: settings.masterKey))
        if let id = try await admins.promote(email) {
            environment.printError(
                "there is an account \(email) already: it is a platform admin now and keeps its password")
            return environment.print("\(id)")
        }
        let password = try Self.password(environment)
        do {
            try PasswordRules.check(password, email: email)
        } catch {
            throw Arguments.UsageError("the password \(error.explanation)")
        }
        let hash = try await runtime.blocking.run {
            try PasswordHash(of: password, cost: settings.passwordCost)
        }
        environment.print("\(try await admins.create(email, name: personName, password: hash))")
    }

    private static func password(_ environment: ProcessEnvironment) throws -> String {
        guard let ask = environment.askSecret else {
            guard let password = environment.readLine() else {
                throw Arguments.UsageError("standard input holds no password")
            }
            return password
        }
        guard let password = ask("Password: "), ask("Once more: ") == password else {
            throw Arguments.UsageError("the two passwords are not the same")
        }
        return password
    }
}
