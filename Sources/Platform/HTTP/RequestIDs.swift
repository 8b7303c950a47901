import Glibc

/// Makes request ids: `req_` and a UUIDv7 (RFC 9562 section 5.7) in Crockford base32. Random bytes are fetched
/// by the block, since a system call for each request would show. Confined to one loop's thread.
struct RequestIDs {
    private var pool: [UInt64] = []

    mutating func next(at time: Timestamp) -> String {
        let milliseconds = UInt128(UInt64(bitPattern: time.microsecondsSince1970 / 1000))
        let random = nextRandom()
        let value =
            milliseconds << 80 | 0x7 << 76 | UInt128(random.0 & 0xFFF) << 64
            | UInt128(random.1 & (1 << 62 - 1) | 1 << 63)
        return String(unsafeUninitializedCapacity: 4 + CrockfordBase32.length) { buffer in
            _ = buffer.initialize(from: "req_".utf8)
            return 4 + CrockfordBase32.encode(value, into: UnsafeMutableBufferPointer(rebasing: buffer[4...]))
        }
    }

    private mutating func nextRandom() -> (UInt64, UInt64) {
        if pool.count < 2 {
            pool = Array(repeating: 0, count: 64)
            pool.withUnsafeMutableBytes { _ = getentropy($0.baseAddress!, $0.count / 2) }
            pool.withUnsafeMutableBytes { _ = getentropy($0.baseAddress! + $0.count / 2, $0.count / 2) }
        }
        return (pool.removeLast(), pool.removeLast())
    }
}
