/// The checksum of Ethernet and zlib (polynomial 0xEDB88320): against mistakes, not against malice.
package enum CRC32 {
    package static func of(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var rest = UInt32.max
        for byte in bytes {
            rest ^= UInt32(byte)
            for _ in 0..<8 {
                let isOdd = rest & 1 == 1
                rest >>= 1
                if isOdd { rest ^= 0xEDB8_8320 }
            }
        }
        return ~rest
    }
}
