import COpenSSL

/// ECDSA on the curve P-256 with SHA-256: what JWT calls ES256. Signatures are r and s, 32 bytes each, one behind
/// the other (RFC 7518 section 3.4); points are uncompressed (SEC 1 section 2.3.3), 65 bytes from 4 on.
package enum P256 {
    package static let pointLength = 65
    package static let scalarLength = 32
    package static let signatureLength = 64

    package struct PublicKey: Sendable {
        package let point: [UInt8]
        private let handle: Handle

        /// - Returns: nil for what is not an uncompressed point on the curve.
        package init?(point: [UInt8]) {
            guard point.count == pointLength, point[0] == 4, let handle = Handle(shim_p256_import(point, nil))
            else { return nil }
            self.point = point
            self.handle = handle
        }

        fileprivate init(point: [UInt8], handle: Handle) {
            self.point = point
            self.handle = handle
        }

        package func verify(_ signature: [UInt8], of message: some Collection<UInt8>) -> Bool {
            guard signature.count == signatureLength, let der = P256.der(signature),
                let context = EVP_MD_CTX_new()
            else { return false }
            defer { EVP_MD_CTX_free(context) }
            let isGenuine = message.withBytes { message in
                EVP_DigestVerifyInit(context, nil, EVP_sha256(), nil, handle.key) == 1
                    && EVP_DigestVerify(context, der, der.count, message.baseAddress, message.count) == 1
            }
            // What is left in the thread's queue would be taken for a fault of the next TLS connection.
            if !isGenuine { ERR_clear_error() }
            return isGenuine
        }
    }

    package struct PrivateKey: Sendable {
        package let publicKey: PublicKey
        private let handle: Handle

        /// A new one.
        /// - Returns: nil when OpenSSL is out of memory.
        package init?() {
            var point = [UInt8](repeating: 0, count: pointLength)
            guard let handle = Handle(shim_p256_generate()), shim_p256_point(handle.key, &point) == 1 else {
                return nil
            }
            self.handle = handle
            publicKey = PublicKey(point: point, handle: handle)
        }

        /// - Returns: nil when the point is not on the curve or not the scalar's.
        package init?(scalar: [UInt8], point: [UInt8]) {
            guard scalar.count == scalarLength, point.count == pointLength, point[0] == 4,
                let handle = Handle(shim_p256_import(point, scalar))
            else { return nil }
            self.handle = handle
            publicKey = PublicKey(point: point, handle: handle)
        }

        /// The secret itself: to be sealed.
        package var scalar: [UInt8]? {
            var scalar = [UInt8](repeating: 0, count: scalarLength)
            return shim_p256_scalar(handle.key, &scalar) == 1 ? scalar : nil
        }

        /// - Returns: 64 bytes, in the one of two forms that `isCanonical` takes; nil when OpenSSL is out of memory.
        package func sign(_ message: some Collection<UInt8>) -> [UInt8]? {
            guard let context = EVP_MD_CTX_new() else { return nil }
            defer { EVP_MD_CTX_free(context) }
            // A sequence of two integers of at most 33 bytes.
            var der = [UInt8](repeating: 0, count: 80)
            var count = der.count
            let isSigned = message.withBytes { message in
                EVP_DigestSignInit(context, nil, EVP_sha256(), nil, handle.key) == 1
                    && EVP_DigestSign(context, &der, &count, message.baseAddress, message.count) == 1
            }
            return isSigned ? P256.raw(Array(der[..<count])).map(P256.canonical) : nil
        }
    }

    /// Owns an OpenSSL key. `@unchecked Sendable`: it is never changed, and OpenSSL lets any thread use such a key.
    fileprivate final class Handle: @unchecked Sendable {
        let key: OpaquePointer

        init?(_ key: OpaquePointer?) {
            guard let key else { return nil }
            self.key = key
        }

        deinit { EVP_PKEY_free(key) }
    }
}
