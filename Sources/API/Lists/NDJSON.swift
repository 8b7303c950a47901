import Platform

/// JSON values one a line (github.com/ndjson/ndjson-spec), for what is too long for a page.
enum NDJSON {
    static let type = "application/x-ndjson"

    /// Whether the client asks for it by name.
    static func isAccepted(by request: HTTPRequest) -> Bool {
        request.headers.values(of: "Accept").contains { value in
            value.split(separator: ",").contains { range in
                let parts = range.split(separator: ";").map { $0.filter { !$0.isWhitespace }.lowercased() }
                return parts.first == type && !parts.dropFirst().contains { $0 == "q=0" || $0 == "q=0.0" }
            }
        }
    }

    static func lines(_ values: [some JSONWritable]) -> [UInt8] {
        var lines: [UInt8] = []
        for value in values {
            lines.append(contentsOf: value.json)
            lines.append(0x0A)
        }
        return lines
    }
}
