import COpenSSL

/// Randomness fit for keys and tokens.
package enum Random {
    /// Traps when the system has no randomness to give: nothing that needs it may go on then.
    package static func bytes(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { bytes, filled in
            precondition(RAND_bytes(bytes.baseAddress, Int32(count)) == 1, "no randomness")
            filled = count
        }
    }

    package static func number() -> UInt64 {
        bytes(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
