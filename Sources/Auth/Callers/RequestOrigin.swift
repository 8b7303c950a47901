import Platform

/// Where a request came from, as the audit trail keeps it.
package struct RequestOrigin: Sendable {
    /// Empty, as `requestID` is, for what was no request.
    package let address: String
    package let userAgent: String?
    package let requestID: String

    package init(address: String, userAgent: String?, requestID: String) {
        self.address = address
        self.userAgent = userAgent.map { String($0.prefix(500)) }
        self.requestID = requestID
    }

    /// What the program does of itself.
    package static let platform = RequestOrigin(address: "", userAgent: nil, requestID: "")
    /// One of the program's own commands.
    package static let commandLine = RequestOrigin(address: "", userAgent: nil, requestID: "")
}
