import Platform

/// One of the program's commands.
protocol Command: Sendable {
    /// The words that choose it: `config check`.
    static var name: String { get }
    /// What `--help` shows after the name: the arguments on the first line, then prose.
    static var help: String { get }

    init(_ words: [String]) throws(Arguments.UsageError)

    /// - Throws: anything; the front says it on one line and ends with the fitting status.
    func run(_ environment: ProcessEnvironment) async throws
}
