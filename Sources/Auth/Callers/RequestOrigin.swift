import Platform

/// Where a request came from, as the audit trail keeps it.
package struct RequestOrigin: Sendable {
    /// Empty, as `requestID` is, for what was no request.
    package let address: String
    /// The beginning of it.
    package let userAgent: String?
    package let requestID: String

    package init(address: String, userAgent: String?, requestID: String) {
        self.address = address
        self.userAgent = userAgent.map(Self.beginning)
        self.requestID = requestID
    }

    /// In bytes: a single character, as Swift counts them, can be as long as a head may be.
    private static let longestUserAgent = 500

    /// Cut between code points.
    private static func beginning(of text: String) -> String {
        guard text.utf8.count > longestUserAgent else { return text }
        let end = text.utf8.index(text.startIndex, offsetBy: longestUserAgent)
        return String(text.unicodeScalars[..<end])
    }

    /// What the program does of itself.
    package static let platform = RequestOrigin(address: "", userAgent: nil, requestID: "")
    /// One of the program's own commands.
    package static let commandLine = RequestOrigin(address: "", userAgent: nil, requestID: "")
}
