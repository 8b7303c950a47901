import Auth
import Platform

/// Checks the audit trail, without the program and beside it.
struct AuditVerifyCommand: Command {
    static let name = "audit verify"
    static let arguments = "[--public-key HEX | --fingerprint HEX] [--head NUMBER:HASH]"
    static let summary = "Checks that nobody has changed the audit trail"
    static let help = """
        Checks every event's signature and every seal of the audit trail, through DATABASE_OWNER_URL alone, and names \
        what was changed, deleted or put in, the earliest first. Status 0: intact; 1: tampered with, or it could not \
        be read. With ROOKERY_MASTER_KEY the key itself is checked, too. Prints the key's fingerprint and the newest \
        seal's number and hash: keep them where the database's administrators cannot write, and give them the next \
        time, since whoever owns the database could sign a trail of their own or cut its end off.
        """

    private let expectation: AuditVerification.Expectation

    init(_ words: [String]) throws(Arguments.UsageError) {
        let arguments = try Arguments(words, options: ["public-key", "fingerprint", "head"])
        try arguments.refusePositional()
        var expectation = AuditVerification.Expectation()
        if let text = arguments.value("public-key") {
            guard let key = Self.bytes(text), key.count == Ed25519.publicKeyLength else {
                throw Arguments.UsageError("--public-key takes 64 hexadecimal digits")
            }
            expectation.publicKey = key
        }
        if let text = arguments.value("fingerprint")?.lowercased() {
            guard (16...64).contains(text.utf8.count), text.allSatisfy(\.isHexDigit) else {
                throw Arguments.UsageError("--fingerprint takes 16 to 64 hexadecimal digits")
            }
            expectation.fingerprint = text
        }
        if let text = arguments.value("head")?.lowercased() {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, let seal = Int64(parts[0]), seal > 0, Self.bytes(parts[1])?.count == 32
            else {
                throw Arguments.UsageError("--head takes a seal's number and hash, as in 42:9f86d0…")
            }
            expectation.head = (seal, String(parts[1]))
        }
        self.expectation = expectation
    }

    private struct Tampered: Error, CustomStringConvertible {
        let count: Int
        let first: String
        var description: String {
            "the audit trail was tampered with, in \(count) \(count == 1 ? "place" : "places"); first: \(first)"
        }
    }

    func run(_ environment: ProcessEnvironment) async throws {
        var reader = SettingsReader(environment: environment.variables)
        let url = reader.read(
            "DATABASE_OWNER_URL", isRequired: true,
            expected: "a postgres:// URL with the role that owns the tables", parse: Settings.postgresURL)
        let ring = reader.read(
            "ROOKERY_MASTER_KEY", isSecret: true, expected: "32 bytes in base64, or a ring id:key,id:key"
        ) { try? KeyRing($0) }
        guard let url, reader.faults.isEmpty else { throw Settings.Invalid(faults: reader.faults) }
        let runtime = try Runtime(loops: 1, logger: Logger(minimum: .error, format: .text))
        var configuration = try PostgresConfiguration(url: url)
        configuration.applicationName = "rookery-audit-verify"
        configuration.statementTimeout = nil
        let pool = PostgresPool(
            loop: runtime.loops[0], configuration: configuration, limit: 1, waitLimit: 1,
            waitTimeout: .seconds(10), blocking: runtime.blocking, logger: runtime.logger,
            metrics: runtime.metrics)
        let report = try await AuditVerification.run(
            pool, blocking: runtime.blocking, expecting: expectation, box: ring.map { SecretBox(keyRing: $0) }
        )
        await pool.close()
        for line in Self.lines(of: report) { environment.print(line) }
        if let first = report.findings.first {
            throw Tampered(count: report.findingCount, first: "\(first)")
        }
    }

    private static func lines(of report: AuditReport) -> [String] {
        var lines = report.findings.map { "\($0)" }
        if report.findingCount > lines.count { lines.append("and \(report.findingCount - lines.count) more") }
        lines.append(
            "\(report.isIntact ? "intact" : "tampered with"): \(report.events) events, "
                + "\(report.sealedEvents) of them under \(report.seals) seals, "
                + "\(report.unsealedEvents) not sealed yet")
        if let fingerprint = report.fingerprint { lines.append("key: --fingerprint \(fingerprint)") }
        if let head = report.head { lines.append("newest seal: --head \(head.seal):\(head.hash)") }
        if report.isIntact, report.head != nil {
            lines.append("Keep these two outside of the database and give them the next time.")
        }
        return lines
    }

    private static func bytes(_ hex: some StringProtocol) -> [UInt8]? {
        let digits = hex.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count == hex.utf8.count, digits.count % 2 == 0 else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
    }
}
