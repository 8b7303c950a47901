import Platform

extension APIKey.New {
    /// In what a new key would go beyond the key that makes it.
    package enum Excess: Error { case expiry, addresses }

    /// The same within the bounds of the key that makes it: it ends no later, and opens from no other address. What
    /// is not set is as the maker's.
    package func within(_ maker: APIKey) throws(Excess) -> APIKey.New {
        if let expiresAt, let bound = maker.expiresAt, expiresAt > bound { throw .expiry }
        let bounds = maker.allowedAddresses?.compactMap { AddressRange($0) }
        if let allowedAddresses, let bounds {
            let areWithin = allowedAddresses.allSatisfy { range in bounds.contains { $0.contains(range) } }
            guard areWithin else { throw .addresses }
        }
        return APIKey.New(
            name: name, permissions: permissions, allowedAddresses: allowedAddresses ?? bounds,
            expiresAt: expiresAt ?? maker.expiresAt)
    }
}
