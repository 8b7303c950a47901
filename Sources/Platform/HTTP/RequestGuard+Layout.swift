import CMicroHTTPD

extension RequestGuard {
    /// Finds what libmicrohttpd 0.9 hides. It ends names and values at a NUL, takes a bare CR or LF for the
    /// end of a line, joins folded lines, and takes a line that begins with NUL for the end of the head. But it
    /// cuts the head up in place, putting NUL where a separator was; so in a well-formed head each part begins
    /// where the part before it and its separator end. libmicrohttpd 1.0 refuses all of that by itself when
    /// strict, and keeps its parts otherwise.
    struct LayoutCheck {
        /// nil where the check is not needed.
        init?() {
            guard String(cString: MHD_get_version()).hasPrefix("0.") else { return nil }
        }

        /// What is wrong, in words; nil when each part is where it has to be.
        func fault(of head: RequestHead) -> String? {
            guard Self.end(head.method) + 1 == head.targetAddress,
                head.targetAddress + UInt(head.targetLength) + 1 == Self.start(head.version)
            else { return "the request line is malformed" }
            var next = Self.end(head.version) + 2
            for field in head.fields {
                guard Self.start(field.name) == next, isBlankBetween(field) else {
                    return "a header line is folded, holds NUL or does not end with CR LF"
                }
                next = Self.end(field.value) + 2
            }
            // The line that ended the head must have been CR LF and nothing else.
            guard Self.start(head.method) + UInt(head.reportedSize) == next + 2 else {
                return "a header line holds NUL or has no name, or the head does not end with CR LF"
            }
            return nil
        }

        /// Between the colon (overwritten by NUL) and the value there can only be blanks.
        private func isBlankBetween(_ field: Field) -> Bool {
            let gap = Self.start(field.value) &- Self.end(field.name) &- 1
            guard let end = field.name.baseAddress.map({ $0 + field.name.count }), gap < 1 << 16 else {
                return false
            }
            return (0..<Int(gap)).allSatisfy { ASCII.isBlank(end[1 + $0]) }
        }

        private typealias Field = RequestHead.Field
        private static func start(_ part: UnsafeBufferPointer<UInt8>) -> UInt {
            UInt(bitPattern: part.baseAddress)
        }
        private static func end(_ part: UnsafeBufferPointer<UInt8>) -> UInt { start(part) + UInt(part.count) }
    }
}
