/// What another server answered, whatever its status.
package struct HTTPClientResponse: Sendable {
    package enum Version: Sendable { case http1, http2 }

    package let status: Int
    package let version: Version
    /// In the order received; trailers and interim (1xx) answers are left out.
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]
    /// The body was longer than the request's `responseLimit`; `body` is its beginning.
    package let isTruncated: Bool
    /// From the start of the exchange, waiting for a free place left out, to the end of the answer.
    package let duration: Duration

    /// The first value of a header, its name in any case.
    package func header(_ name: String) -> String? {
        let lowered = name.lowercased()
        return headers.first { $0.name.lowercased() == lowered }?.value
    }
}
