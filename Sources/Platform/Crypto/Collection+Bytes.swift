extension Collection<UInt8> {
    /// The bytes in one piece, for C; copied only when they are not in one piece already. Never a null pointer.
    func withBytes<R>(_ body: (UnsafeBufferPointer<UInt8>) throws -> R) rethrows -> R {
        let result = try withContiguousStorageIfAvailable { bytes in
            if bytes.baseAddress != nil { return try body(bytes) }
            return try [0].withUnsafeBufferPointer { try body(UnsafeBufferPointer(rebasing: $0[0..<0])) }
        }
        if let result { return result }
        return try Array(self).withBytes(body)
    }
}
