import COpenSSL

/// Compares without telling by its duration where two secrets differ. Different lengths are seen at once.
package func constantTimeEquals(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Bool {
    left.withBytes { left in
        right.withBytes { right in
            left.count == right.count && CRYPTO_memcmp(left.baseAddress, right.baseAddress, left.count) == 0
        }
    }
}
