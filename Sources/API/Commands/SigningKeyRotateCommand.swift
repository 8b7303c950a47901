import Auth
import Platform
import Tenancy

/// Makes the next signing key before it is due.
struct SigningKeyRotateCommand: Command {
    static let name = "signing-key rotate"
    static let arguments = "[--now]"
    static let summary = "Makes the next key that access tokens are signed with"
    static let help = """
        Makes the next signing key, which is in /.well-known/jwks.json from then on and signs a day later, and prints \
        its id and when it begins to sign. When the next key is there already, it is left as it is. With --now it \
        signs in a few seconds, as soon as all nodes know it: for a key that may be known to others; whoever keeps \
        the JWKS may have to read it again. The key before goes on to verify for as long as its tokens live.
        """

    private let signsNow: Bool

    init(_ words: [String]) throws(Arguments.UsageError) {
        let arguments = try Arguments(words, flags: ["now"])
        try arguments.refusePositional()
        signsNow = arguments.has("now")
    }

    func run(_ environment: ProcessEnvironment) async throws {
        let settings = try Settings(environment: environment.variables)
        let logger = Logger(minimum: .warning, format: .text)
        let runtime = try Runtime(loops: 1, logger: logger)
        let database = try DatabasePools.make(settings, loop: runtime.loops[0], runtime: runtime)
        let box = SecretBox(keyRing: settings.masterKey)
        let keys = SigningKeys(box: box, logger: logger)
        let rotation: SigningKeyRotation = signsNow ? .now : .next
        let trail = AuditTrail(database: database, box: box)
        let rotated = try await database.writePlatform { tx in
            let rotated = try await keys.rotate(rotation, in: tx)
            if let rotated {
                try await trail.record(.rotated(rotated), by: .operator, from: .commandLine, in: tx)
            }
            return rotated
        }
        if let rotated { environment.print("\(rotated.id) signs from \(rotated.activeAt)") }
    }
}
