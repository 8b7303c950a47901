extension HTTPClientRequest {
    /// Headers that decide where a message ends or which connection it goes over are written by libcurl alone.
    private static let ownHeaders: Set<String> = [
        "host", "content-length", "transfer-encoding", "connection",
    ]

    /// Refuses what would let a header smuggle another one in (RFC 9110 section 5).
    func check() throws(HTTPClientError) {
        guard Self.isToken(method) else { throw .invalidRequest("method") }
        for (name, value) in headers {
            guard Self.isToken(name), !Self.ownHeaders.contains(name.lowercased()),
                value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 })
            else { throw .invalidRequest(name) }
        }
    }

    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }
}
