/// Reads settings from an environment and gathers every fault, so that one start shows them all.
///
/// `NAME_FILE` names a file to read `NAME` from, as container platforms hand out secrets.
package struct SettingsReader {
    /// One setting as `rookery config check` shows it.
    package struct Reading: Sendable {
        package let name: String
        /// Masked when it is a secret.
        package let value: String
        /// `environment`, `file`, `default` or `not set`.
        package let source: String
    }

    package struct Fault: Error, Sendable, Equatable, CustomStringConvertible {
        package let name: String
        package let problem: String
        package var description: String { "\(name): \(problem)" }
    }

    private let environment: [String: String]
    package private(set) var readings: [Reading] = []
    package private(set) var faults: [Fault] = []

    package init(environment: [String: String]) { self.environment = environment }

    /// Reads one setting.
    /// - Parameters:
    ///   - fallback: used when nothing is set; nil makes the setting optional, unless `isRequired`.
    ///   - expected: completes the sentence "must be …".
    ///   - parse: nil for a text that does not fit.
    /// - Returns: nil when nothing is set, or there was a fault.
    package mutating func read<Value>(
        _ name: String, default fallback: String? = nil, isRequired: Bool = false, isSecret: Bool = false,
        expected: String, parse: (String) -> Value?
    ) -> Value? {
        guard let (text, source) = text(of: name, fallback) else {
            readings.append(Reading(name: name, value: "", source: "not set"))
            if isRequired { faults.append(Fault(name: name, problem: "is not set; it must be \(expected)")) }
            return nil
        }
        let shown = isSecret ? SecretMask.placeholder : SecretMask.masked(text)
        readings.append(Reading(name: name, value: shown, source: source))
        guard let value = parse(text) else {
            let quoted = isSecret ? "its value" : "\"\(SecretMask.masked(text))\""
            faults.append(Fault(name: name, problem: "\(quoted) does not fit; it must be \(expected)"))
            return nil
        }
        return value
    }

    /// Adds a fault that shows only when several settings are looked at together.
    package mutating func fault(_ name: String, _ problem: String) {
        faults.append(Fault(name: name, problem: problem))
    }

    private mutating func text(of name: String, _ fallback: String?) -> (text: String, source: String)? {
        if let text = environment[name], !text.isEmpty { return (text, "environment") }
        if let path = environment[name + "_FILE"], !path.isEmpty {
            if let text = try? FileText.read(path) { return (text.trimmingWhitespace, "file") }
            faults.append(Fault(name: name + "_FILE", problem: "\(path) cannot be read"))
        }
        return fallback.map { ($0, "default") }
    }
}

extension String {
    fileprivate var trimmingWhitespace: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
