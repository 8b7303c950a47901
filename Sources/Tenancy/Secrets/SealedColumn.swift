import FoundationEssentials
import Platform

/// A column with sealed secrets, and what each of them is bound to: what it takes to seal them anew.
package struct SealedColumn: Sendable {
    /// One column of the primary key. Its values are taken as text, bytes in base64.
    package enum Key: Sendable {
        case uuid(String), text(String), integer(String), bytes(String)

        var name: SQL {
            switch self {
            case .uuid(let name), .text(let name), .integer(let name), .bytes(let name): SQL(trusted: name)
            }
        }

        var text: SQL {
            switch self {
            case .uuid, .text, .integer: "\(name)::text"
            case .bytes: "encode(\(name), 'base64')"
            }
        }

        func value(_ text: String) -> SQL {
            switch self {
            case .uuid: "\(text)::uuid"
            case .text: "\(text)"
            case .integer: "\(text)::integer"
            case .bytes: "decode(\(text), 'base64')"
            }
        }
    }

    package let table: String
    package let column: String
    let key: [Key]
    /// Whether the column holds an array of secrets.
    let holdsSeveral: Bool
    /// A condition for the rows whose secrets are still of use.
    let isOfUse: String
    /// What a row's secrets are bound to, by its key; nil for a key that is none.
    let binding: @Sendable ([String]) -> [UInt8]?

    package var name: String { "\(table).\(column)" }

    package init(
        _ table: String, _ column: String, key: [Key], holdsSeveral: Bool = false,
        where isOfUse: String = "true",
        binding: @escaping @Sendable ([String]) -> [UInt8]?
    ) {
        self.table = table
        self.column = column
        self.key = key
        self.holdsSeveral = holdsSeveral
        self.isOfUse = isOfUse
        self.binding = binding
    }

    var from: SQL { SQL(trusted: table) }
    var target: SQL { SQL(trusted: column) }
    var condition: SQL { SQL(trusted: isOfUse) }
    /// A row's secrets, as an array.
    var secrets: SQL { holdsSeveral ? target : "array_remove(ARRAY[\(target)], NULL)" }
}

extension SQL {
    /// Separated by commas.
    static func list(_ parts: [SQL]) -> SQL {
        parts.dropFirst().reduce(parts.first ?? "") { "\($0), \($1)" }
    }
}
