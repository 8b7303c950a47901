import Platform

/// One of the program's commands.
protocol Command: Sendable {
    /// The words that choose it: `config check`.
    static var name: String { get }
    /// What may follow the name; empty when nothing may.
    static var arguments: String { get }
    /// What it does, for the overview: one line without a full stop.
    static var summary: String { get }
    /// What `--help` shows under the name and the arguments: prose.
    static var help: String { get }

    init(_ words: [String]) throws(Arguments.UsageError)

    /// - Throws: anything; the front says it on one line and ends with the fitting status.
    func run(_ environment: ProcessEnvironment) async throws
}
