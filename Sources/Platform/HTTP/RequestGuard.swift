/// Looks at a request's head before any of its body is read. What two servers in a row could understand
/// differently (request smuggling) is refused, and so is what libmicrohttpd would wait on for ever. It checks
/// what the head says; `RequestGuard+Layout` finds what libmicrohttpd hides.
struct RequestGuard {
    struct Accepted {
        let method: HTTPMethod
        /// Decoded, no query.
        let path: String
        let query: String?
        /// nil when there is none, or the body is chunked.
        let contentLength: Int?
        /// Nothing that follows on the connection can be trusted to be a request of its own.
        let mustClose: Bool
    }

    let limits: HTTPLimits
    /// Set for libmicrohttpd 0.9, which also takes a bare CR or LF in a chunked body's framing; there a
    /// connection ends with its first chunked body.
    let layout: LayoutCheck?

    func check(_ head: RequestHead, target: [UInt8]) throws(Refused) -> Accepted {
        guard head.targetLength <= limits.url else { throw Refused(.urlTooLong) }
        guard head.size <= limits.head else { throw Refused(.headTooLarge) }
        if let layout, let fault = layout.fault(of: head) { throw Refused(.malformed(fault)) }
        try checkCharacters(head, target: target)

        let isNewer = head.version.elementsEqual("HTTP/1.1".utf8)
        guard isNewer || head.version.elementsEqual("HTTP/1.0".utf8) else { throw Refused(.version) }
        let hosts = head.values(of: "host")
        guard hosts.count == 1 || (hosts.isEmpty && !isNewer) else {
            throw malformed("exactly one Host is needed")
        }
        let length = try contentLength(head, isNewer: isNewer)
        guard let method = HTTPMethod(rawValue: String(decoding: head.method, as: UTF8.self)) else {
            throw Refused(.method)
        }
        if let length, length > limits.body { throw Refused(.bodyTooLarge) }
        let (path, query) = try split(target)
        return Accepted(
            method: method, path: path, query: query, contentLength: length,
            mustClose: layout != nil && head.values(of: "transfer-encoding").count > 0)
    }

    /// A typed throw, so that nothing else can come out of the guard.
    struct Refused: Error {
        let refusal: HTTPRefusal
        init(_ refusal: HTTPRefusal) { self.refusal = refusal }
    }

    private func malformed(_ detail: String) -> Refused { Refused(.malformed(detail)) }

    private func checkCharacters(_ head: RequestHead, target: [UInt8]) throws(Refused) {
        guard !head.method.isEmpty, head.method.allSatisfy(ASCII.isToken) else {
            throw malformed("no method")
        }
        guard !target.isEmpty, target.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw malformed("a character in the path is not allowed")
        }
        for field in head.fields {
            guard !field.name.isEmpty, field.name.allSatisfy(ASCII.isToken) else {
                throw malformed("a header field's name is malformed")
            }
            guard field.value.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
                throw malformed("a header field's value holds a control character")
            }
        }
    }

    /// How the body is delimited: by at most one Content-Length, or by `Transfer-Encoding: chunked` and nothing
    /// else (RFC 9112 section 6).
    private func contentLength(_ head: RequestHead, isNewer: Bool) throws(Refused) -> Int? {
        let encodings = head.values(of: "transfer-encoding")
        let lengths = head.values(of: "content-length")
        if let encoding = encodings.first {
            guard lengths.isEmpty else { throw malformed("Content-Length beside Transfer-Encoding") }
            guard encodings.count == 1, isNewer, ASCII.equalsWithoutCase(encoding, "chunked".utf8) else {
                throw malformed("Transfer-Encoding can only be chunked")
            }
            return nil
        }
        guard let length = lengths.first else { return nil }
        guard lengths.count == 1 else { throw malformed("more than one Content-Length") }
        guard !length.isEmpty, length.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
            throw malformed("Content-Length is no number")
        }
        return Int(String(decoding: length, as: UTF8.self)) ?? .max
    }

    /// Takes the origin form (`/path?query`) and the absolute form (`http://host/path`); `*` is a path of its
    /// own (RFC 9112 section 3.2).
    private func split(_ target: [UInt8]) throws(Refused) -> (path: String, query: String?) {
        var rest = target[...]
        if rest.first != UInt8(ascii: "/"), !rest.elementsEqual("*".utf8) {
            guard let scheme = ["http://", "https://"].first(where: { rest.starts(with: $0.utf8) }) else {
                throw malformed("the path does not begin with /")
            }
            rest = rest.dropFirst(scheme.utf8.count).drop {
                $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?")
            }
        }
        let mark = rest.firstIndex(of: UInt8(ascii: "?")) ?? rest.endIndex
        let query = mark < rest.endIndex ? String(decoding: rest[(mark + 1)...], as: UTF8.self) : nil
        let path = rest[..<mark]
        guard path.contains(UInt8(ascii: "%")) else {
            return (path.isEmpty ? "/" : String(decoding: path, as: UTF8.self), query)
        }
        guard let decoded = PercentEncoding.decode(path),
            decoded.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else {
            throw malformed("the path is not well encoded")
        }
        return (decoded, query)
    }
}
