import COpenSSL

/// Derives keys from passwords at a cost of time and memory that is chosen (RFC 7914). It takes long: on a blocking
/// pool only.
package struct Scrypt: Sendable, Equatable {
    /// Nothing that is stored may ask for more, whatever somebody wrote into it.
    private static let memoryLimit: UInt64 = 256 << 20

    /// N, the cost in time and memory; a power of two.
    package let cost: UInt64
    /// r
    package let blockSize: UInt64
    /// p; costs time only.
    package let parallelization: UInt64

    /// - Returns: nil for parameters that scrypt does not take, or that need more than 256 MiB.
    package init?(cost: UInt64, blockSize: UInt64, parallelization: UInt64) {
        guard cost > 1, cost & (cost - 1) == 0, cost <= 1 << 24, (1...64).contains(blockSize),
            (1...64).contains(parallelization)
        else { return nil }
        self.cost = cost
        self.blockSize = blockSize
        self.parallelization = parallelization
        guard memory <= Self.memoryLimit else { return nil }
    }

    /// Bytes that one derivation needs while it runs.
    package var memory: UInt64 { 128 * blockSize * (cost + parallelization + 2) }

    /// - Returns: `count` bytes; nil when the memory is not to be had.
    package func derive(_ password: some Collection<UInt8>, salt: some Collection<UInt8>, count: Int)
        -> [UInt8]?
    {
        var key = [UInt8](repeating: 0, count: count)
        let isDerived = password.withBytes { password in
            password.withMemoryRebound(to: CChar.self) { password in
                salt.withBytes { salt in
                    EVP_PBE_scrypt(
                        password.baseAddress, password.count, salt.baseAddress, salt.count, cost, blockSize,
                        parallelization, memory, &key, count) == 1
                }
            }
        }
        return isDerived ? key : nil
    }
}
