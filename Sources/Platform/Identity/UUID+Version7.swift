import FoundationEssentials

extension UUID {
    /// A version 7 UUID (RFC 9562 section 5.7): 48 bits of milliseconds, 12 bits of the fraction of the
    /// millisecond (section 6.2, method 3), 62 random bits. In the order in which they are made, as far as
    /// the clock tells them apart.
    package static func version7(at time: Timestamp = .now, random: UInt64 = Random.number()) -> UUID {
        let (milliseconds, microseconds) = UInt64(max(0, time.microsecondsSince1970)).quotientAndRemainder(
            dividingBy: 1000)
        let upper = milliseconds << 16 | 0x7000 | microseconds * 4096 / 1000
        let lower = random & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        return UUID(UInt128(upper) << 64 | UInt128(lower))
    }

    /// From the 128 bits, most significant first.
    package init(_ bits: UInt128) {
        var bigEndian = bits.bigEndian
        self = withUnsafeBytes(of: &bigEndian) { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
    }

    package var bits: UInt128 {
        withUnsafeBytes(of: uuid) { UInt128(bigEndian: $0.loadUnaligned(as: UInt128.self)) }
    }
}

extension UUID {
    /// When `version7(at:)` made it, to the microsecond; nil for another version.
    package var version7Time: Timestamp? {
        let upper = UInt64(truncatingIfNeeded: bits >> 64)
        guard upper >> 12 & 0xF == 7 else { return nil }
        // Rounded up, since the fraction was rounded down and is finer than a microsecond.
        let microseconds = ((upper & 0xFFF) * 1000 + 4095) / 4096
        return Timestamp(microsecondsSince1970: Int64(upper >> 16) * 1000 + Int64(microseconds))
    }
}
