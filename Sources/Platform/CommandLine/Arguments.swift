/// The words after a command: options (`--name value`, `--name=value`), flags (`--name`) and the rest.
package struct Arguments: Sendable {
    /// Wrong words; the text says what to do.
    package struct UsageError: Error, CustomStringConvertible {
        package let description: String
        package init(_ description: String) { self.description = description }
    }

    private var options: [String: String] = [:]
    private var flags: Set<String> = []
    package private(set) var positional: [String] = []

    /// - Parameters:
    ///   - options: names that take a value, without dashes.
    ///   - flags: names that take none.
    package init(_ words: some Sequence<String>, options: Set<String> = [], flags: Set<String> = [])
        throws(UsageError)
    {
        var rest = Array(words)[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("--"), word.count > 2 else {
                positional.append(word)
                continue
            }
            let parts = word.dropFirst(2).split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            if flags.contains(name), parts.count == 1 {
                self.flags.insert(name)
            } else if options.contains(name) {
                guard let value = parts.count == 2 ? String(parts[1]) : rest.popFirst() else {
                    throw UsageError("--\(name) needs a value")
                }
                self.options[name] = value
            } else {
                throw UsageError("unknown option --\(name)")
            }
        }
    }

    package func has(_ flag: String) -> Bool { flags.contains(flag) }

    package func value(_ option: String) -> String? { options[option] }

    package func required(_ option: String) throws(UsageError) -> String {
        guard let value = options[option], !value.isEmpty else { throw UsageError("--\(option) is missing") }
        return value
    }

    package func refusePositional() throws(UsageError) {
        if let word = positional.first { throw UsageError("unexpected argument \(word)") }
    }
}
