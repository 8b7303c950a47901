import Glibc

/// Structured log lines on standard error, one JSON object (or one readable line) each.
///
/// Fields named like secrets are masked, and so is every bot token and bearer credential found in a value
/// (see `SecretMask`): a line may be shipped anywhere.
package struct Logger: Sendable {
    package enum Level: Int, Sendable, Comparable, CaseIterable {
        case trace, debug, info, warning, error
        package static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
        package init?(name: String) {
            guard let level = Level.allCases.first(where: { "\($0)" == name }) else { return nil }
            self = level
        }
    }

    package enum Format: String, Sendable { case json, text }

    package typealias Fields = KeyValuePairs<String, any LogValue>

    private let minimum: Level
    private let format: Format
    private let write: @Sendable (String) -> Void
    private var context: [(String, any LogValue)] = []

    /// - Parameter write: takes a whole line, its newline included. Standard error when not given.
    package init(
        minimum: Level = .info, format: Format = .json,
        write: @escaping @Sendable (String) -> Void = Logger.standardError
    ) {
        self.minimum = minimum
        self.format = format
        self.write = write
    }

    /// A logger that adds `fields` to every line.
    package func with(_ fields: Fields) -> Logger {
        var copy = self
        copy.context.append(contentsOf: fields.map { ($0.key, $0.value) })
        return copy
    }

    package func trace(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields = [:]) {
        log(.trace, message(), fields())
    }
    package func debug(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields = [:]) {
        log(.debug, message(), fields())
    }
    package func info(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields = [:]) {
        log(.info, message(), fields())
    }
    package func warning(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields = [:]) {
        log(.warning, message(), fields())
    }
    package func error(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields = [:]) {
        log(.error, message(), fields())
    }

    private func log(
        _ level: Level, _ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields
    ) {
        guard level >= minimum else { return }
        let all = context + fields().map { ($0.key, $0.value) }
        switch format {
        case .json:
            var line = JSONText()
            line.field("time", Timestamp.now.description)
            line.field("level", "\(level)")
            line.field("message", SecretMask.masked(message()))
            for (name, value) in all { value.masked(as: name).append(to: &line, name: name) }
            write(line.finished + "\n")
        case .text:
            let tail = all.map { " \($0.0)=\($0.1.masked(as: $0.0).plain)" }.joined()
            write("\(Timestamp.now) \(level) \(SecretMask.masked(message()))\(tail)\n")
        }
    }

    /// One write(2) a line, so that lines of several threads do not mix.
    package static let standardError: @Sendable (String) -> Void = { line in
        var line = line
        line.withUTF8 { _ = Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
