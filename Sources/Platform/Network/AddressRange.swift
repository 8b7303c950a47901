/// A CIDR block, `149.154.160.0/20` or `fc00::/7` (RFC 4632, RFC 4291).
package struct AddressRange: Hashable, Sendable, CustomStringConvertible {
    package let base: IPAddress
    package let prefixLength: Int

    /// Parses `address/length`; a bare address is the block of that address alone.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let base = IPAddress(parts[0]) else { return nil }
        let width = base.bytes.count * 8
        guard let length = parts.count == 2 ? Int(parts[1]) : width, (0...width).contains(length) else {
            return nil
        }
        self.base = base
        prefixLength = length
    }

    package func contains(_ address: IPAddress) -> Bool {
        guard address.bytes.count == base.bytes.count else { return false }
        let whole = prefixLength / 8
        guard address.bytes.prefix(whole).elementsEqual(base.bytes.prefix(whole)) else { return false }
        let rest = prefixLength % 8
        guard rest > 0 else { return true }
        return address.bytes[whole] >> (8 - rest) == base.bytes[whole] >> (8 - rest)
    }

    package func contains(_ range: AddressRange) -> Bool {
        range.prefixLength >= prefixLength && contains(range.base)
    }

    package var description: String { "\(base)/\(prefixLength)" }
}
