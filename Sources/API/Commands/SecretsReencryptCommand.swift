import Auth
import Platform
import Tenancy

/// Seals what is stored anew, so that an old master key can leave the ring.
struct SecretsReencryptCommand: Command {
    static let name = "secrets reencrypt"
    static let arguments = "[--check]"
    static let summary = "Seals all stored secrets anew with the newest master key"
    static let help = """
        Seals with the newest key of ROOKERY_MASTER_KEY all that an older one has sealed: bots' tokens and webhook \
        secrets, consumers' secrets, tokens that wait in imports, the keys of access tokens and of the audit trail, \
        sessions. Nodes may run meanwhile, as long as all of them have the same ring; it can be interrupted and \
        started again. Prints how many secrets each key has sealed, by column; --check does that alone, and ends with \
        status 1 while another key than the newest is needed. Answers to requests with an Idempotency-Key are not \
        sealed anew, but deleted within a day.
        """

    private let isCheck: Bool

    init(_ words: [String]) throws(Arguments.UsageError) {
        let arguments = try Arguments(words, flags: ["check"])
        try arguments.refusePositional()
        isCheck = arguments.has("check")
    }

    private struct StillNeeded: Error, CustomStringConvertible {
        let count: Int
        let newest: String
        var description: String {
            "\(count) \(count == 1 ? "secret is" : "secrets are") sealed with another key than \(newest): keep the "
                + "old ones in the ring"
        }
    }

    func run(_ environment: ProcessEnvironment) async throws {
        let settings = try Settings(environment: environment.variables)
        let runtime = try Runtime(loops: 1, logger: Logger(minimum: .warning, format: .text))
        let loop = runtime.loops[0]
        let database = try DatabasePools.make(settings, loop: loop, runtime: runtime)
        let box = SecretBox(keyRing: settings.masterKey)
        let reencryption = Reencryption(
            loop: loop, database: database, box: box, trail: AuditTrail(database: database, box: box))
        if !isCheck {
            let count = try await reencryption.run { column, count in
                environment.printError("\(column.name): \(count) sealed anew")
            }
            environment.print("sealed anew with \(box.newestKey): \(count)")
        }
        let (secrets, answers) = try await report(reencryption, box, environment)
        if secrets > 0 || (isCheck && answers > 0) {
            throw StillNeeded(count: secrets + answers, newest: box.newestKey)
        }
        environment.print(
            answers == 0
                ? "\(box.newestKey) is the only key that is needed"
                : "the old keys are needed for a day yet, for answers to requests with an Idempotency-Key")
    }

    /// Prints which keys have sealed what.
    /// - Returns: how much another key than the newest has sealed.
    private func report(
        _ reencryption: Reencryption, _ box: SecretBox, _ environment: ProcessEnvironment
    ) async throws -> (secrets: Int, answers: Int) {
        let columns = Reencryption.columns + [Reencryption.answers]
        let width = columns.map(\.name.count).max() ?? 0
        var outdated: [Int] = []
        for column in columns {
            let keys = try await reencryption.keys(of: column)
            let counts = keys.sorted { $0.key < $1.key }.map { Self.text($0.value, of: $0.key, box) }
            let name = column.name + String(repeating: " ", count: width - column.name.count)
            environment.print("\(name)  \(counts.isEmpty ? "-" : counts.joined(separator: ", "))")
            outdated.append(keys.filter { $0.key != box.newestKey }.values.reduce(0, +))
        }
        return (outdated.dropLast().reduce(0, +), outdated.last ?? 0)
    }

    private static func text(_ count: Int, of key: String, _ box: SecretBox) -> String {
        if key.isEmpty { return "\(count) that no key has sealed" }
        return "\(count) with \(key)" + (box.keyNames.contains(key) ? "" : ", which is not in the ring")
    }
}
