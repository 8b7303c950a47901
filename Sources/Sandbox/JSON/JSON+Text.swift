import Platform

extension JSON {
    /// Without any white space.
    var text: String {
        var result = ""
        write(to: &result)
        return result
    }

    var bytes: [UInt8] { Array(text.utf8) }

    private func write(to result: inout String) {
        switch self {
        case .null: result += "null"
        case .bool(let value): result += value ? "true" : "false"
        case .number(let text): result += text
        case .string(let text): result += JSONText.quoted(text)
        case .array(let elements):
            result += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { result += "," }
                element.write(to: &result)
            }
            result += "]"
        case .object(let members):
            result += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { result += "," }
                result += JSONText.quoted(member.name) + ":"
                member.value.write(to: &result)
            }
            result += "}"
        }
    }
}
