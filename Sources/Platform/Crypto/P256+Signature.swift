import COpenSSL

extension P256 {
    /// The order of the curve's group.
    private static let order: [UInt8] = [
        0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
    ]

    /// With every signature (r, s), (r, n − s) is valid, too, and anybody can make the one of the other. Only that
    /// with the lower s is canonical.
    package static func isCanonical(_ signature: [UInt8]) -> Bool {
        guard signature.count == signatureLength else { return false }
        return !complement(of: signature[32...]).lexicographicallyPrecedes(signature[32...])
    }

    static func canonical(_ signature: [UInt8]) -> [UInt8] {
        isCanonical(signature) ? signature : otherForm(of: signature)
    }

    /// (r, n − s) for (r, s).
    /// - Parameter signature: 64 bytes.
    package static func otherForm(of signature: [UInt8]) -> [UInt8] {
        signature[..<32] + complement(of: signature[32...])
    }

    /// n − s; of no meaning for an s above n.
    private static func complement(of s: ArraySlice<UInt8>) -> [UInt8] {
        var difference = order
        var borrow = 0
        for (index, byte) in zip(difference.indices, s).reversed() {
            let value = Int(order[index]) - Int(byte) - borrow
            borrow = value < 0 ? 1 : 0
            difference[index] = UInt8(truncatingIfNeeded: value)
        }
        return difference
    }

    /// From r and s to the DER that OpenSSL takes; nil when it is out of memory.
    static func der(_ signature: [UInt8]) -> [UInt8]? {
        guard let pair = ECDSA_SIG_new() else { return nil }
        defer { ECDSA_SIG_free(pair) }
        let (r, s) = signature.withUnsafeBufferPointer { bytes in
            (BN_bin2bn(bytes.baseAddress, 32, nil), BN_bin2bn(bytes.baseAddress! + 32, 32, nil))
        }
        guard let r, let s, ECDSA_SIG_set0(pair, r, s) == 1 else {
            BN_free(r)
            BN_free(s)
            return nil
        }
        var bytes: UnsafeMutablePointer<UInt8>?
        let count = i2d_ECDSA_SIG(pair, &bytes)
        guard count > 0, let bytes else { return nil }
        defer { CRYPTO_free(bytes, nil, 0) }
        return Array(UnsafeBufferPointer(start: bytes, count: Int(count)))
    }

    /// From OpenSSL's DER to r and s.
    static func raw(_ der: [UInt8]) -> [UInt8]? {
        der.withUnsafeBufferPointer { bytes in
            var start = bytes.baseAddress
            guard let pair = d2i_ECDSA_SIG(nil, &start, der.count) else { return nil }
            defer { ECDSA_SIG_free(pair) }
            var signature = [UInt8](repeating: 0, count: signatureLength)
            let isWhole = signature.withUnsafeMutableBufferPointer { signature in
                BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature.baseAddress, 32) == 32
                    && BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature.baseAddress! + 32, 32) == 32
            }
            return isWhole ? signature : nil
        }
    }
}
