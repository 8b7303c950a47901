import Platform

/// The hash over a list that RFC 6962 section 2.1 defines: leaves and nodes are hashed with different first bytes, so
/// that neither can be passed for the other.
enum MerkleTree {
    static func leafHash(_ leaf: [UInt8]) -> [UInt8] { SHA256.hash([0x00] + leaf) }

    /// - Parameter leaves: hashes of leaves.
    static func root(_ leaves: some RandomAccessCollection<[UInt8]>) -> [UInt8] {
        guard let first = leaves.first else { return SHA256.hash([]) }
        guard leaves.count > 1 else { return first }
        // The largest power of two that is smaller than the number of leaves.
        let half = 1 << (Int.bitWidth - 1 - (leaves.count - 1).leadingZeroBitCount)
        let middle = leaves.index(leaves.startIndex, offsetBy: half)
        return SHA256.hash([0x01] + root(leaves[..<middle]) + root(leaves[middle...]))
    }
}
