/// Writes one flat JSON object as text, without the cost of an encoder.
package struct JSONText {
    private var text = "{"

    package init() {}

    package mutating func field(_ name: String, _ value: String) { field(name, literal: Self.quoted(value)) }

    /// - Parameter literal: JSON already: a number, `true`, `null`.
    package mutating func field(_ name: String, literal: String) {
        if text.utf8.count > 1 { text += "," }
        text += Self.quoted(name) + ":" + literal
    }

    package var finished: String { text + "}" }

    /// A JSON string literal (RFC 8259 section 7).
    package static func quoted(_ value: String) -> String {
        var result = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\0"..<" ":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
