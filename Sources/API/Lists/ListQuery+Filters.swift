import Platform

/// Filters that several lists have.
extension ListQuery {
    /// A text that is compared with a column as it is.
    /// - Throws: `Problem` 400 for what no column holds.
    func text(_ name: String) throws -> String? {
        try filter(name, expected: "1 to 200 characters without control characters") { text in
            let isPlain = !text.unicodeScalars.contains { $0.properties.generalCategory == .control }
            return isPlain && (1...200).contains(text.unicodeScalars.count) ? text : nil
        }
    }

    func time(_ name: String) throws -> Timestamp? {
        try filter(name, expected: "a time as in RFC 3339, such as 2026-01-31T23:59:59Z") { Timestamp($0) }
    }

    /// Where a list by number goes on; only a cursor that this program made gets so far.
    var position: Int64? {
        get throws {
            try after.map { text in
                guard let position = Int64(text) else {
                    throw Problem.badRequest("invalid_cursor", "The cursor is not one of this list")
                }
                return position
            }
        }
    }
}
