/// One statement with its parameters. Interpolated values are bound, never pasted: `\(x)` becomes `$n`.
///
/// `\(identifier: name)` quotes a name, `\(literal: text)` quotes a string where PostgreSQL takes no parameter
/// (`SET LOCAL`), and `\(fragment)` puts another `SQL` in place, its parameters renumbered.
package struct SQL: Sendable, ExpressibleByStringInterpolation {
    /// The text between parameters: one more than there are parameters.
    private(set) var pieces: [String]
    package private(set) var parameters: PostgresParameters
    /// The statement with `$1`, `$2`, ….
    package private(set) var text: String
    /// Whether connections keep a prepared statement for this text. Off for texts that hold values.
    package private(set) var isPrepared = true

    package init(stringLiteral value: String) {
        pieces = [value]
        parameters = PostgresParameters()
        text = value
    }

    /// A text the program has written itself; nothing in it is bound or quoted.
    package init(trusted text: String, isPrepared: Bool = false) {
        self.init(stringLiteral: text)
        self.isPrepared = isPrepared
    }

    package init(stringInterpolation: Interpolation) {
        pieces = stringInterpolation.pieces
        parameters = stringInterpolation.parameters
        isPrepared = stringInterpolation.isPrepared
        text = pieces[0]
        for (index, piece) in pieces.dropFirst().enumerated() {
            text += "$\(index + 1)"
            text += piece
        }
    }

    package struct Interpolation: StringInterpolationProtocol {
        var pieces = [""]
        var parameters = PostgresParameters()
        var isPrepared = true

        package init(literalCapacity: Int, interpolationCount: Int) { pieces.reserveCapacity(interpolationCount + 1) }

        package mutating func appendLiteral(_ literal: String) { pieces[pieces.count - 1] += literal }

        package mutating func appendInterpolation(_ value: some PostgresEncodable) {
            parameters.append(value)
            pieces.append("")
        }

        /// nil binds NULL.
        package mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value?) {
            parameters.append(value)
            pieces.append("")
        }

        package mutating func appendInterpolation(identifier: String) {
            appendLiteral("\"" + identifier.replacing("\"", with: "\"\"") + "\"")
        }

        package mutating func appendInterpolation(literal: String) {
            appendLiteral("'" + literal.replacing("'", with: "''") + "'")
            isPrepared = false
        }

        package mutating func appendInterpolation(_ fragment: SQL) {
            pieces[pieces.count - 1] += fragment.pieces[0]
            pieces.append(contentsOf: fragment.pieces.dropFirst())
            parameters.append(contentsOf: fragment.parameters)
            isPrepared = isPrepared && fragment.isPrepared
        }
    }

    package static func + (left: SQL, right: SQL) -> SQL { "\(left)\(right)" }
}
