/// What a log field can hold.
package protocol LogValue: Sendable {
    /// As it appears in the readable format.
    var plain: String { get }
    func append(to line: inout JSONText, name: String)
}

extension LogValue {
    /// The value as it may be written under `name`: hidden when the name says it is a secret.
    func masked(as name: String) -> any LogValue {
        SecretMask.isSecret(name) ? SecretMask.placeholder : SecretMask.masked(self)
    }
}

extension String: LogValue {
    package var plain: String { contains(where: \.isWhitespace) ? "\"\(self)\"" : self }
    package func append(to line: inout JSONText, name: String) { line.field(name, self) }
}

extension Int: LogValue {
    package var plain: String { description }
    package func append(to line: inout JSONText, name: String) { line.field(name, literal: description) }
}

extension Int64: LogValue {
    package var plain: String { description }
    package func append(to line: inout JSONText, name: String) { line.field(name, literal: description) }
}

extension Bool: LogValue {
    package var plain: String { description }
    package func append(to line: inout JSONText, name: String) { line.field(name, literal: description) }
}

/// Logged in milliseconds.
extension Duration: LogValue {
    package var plain: String { (Double(microseconds) / 1000).description }
    package func append(to line: inout JSONText, name: String) { line.field(name, literal: plain) }
}
