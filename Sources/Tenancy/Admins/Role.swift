import Platform

/// What an admin is within a tenant, the most powerful first.
package enum Role: String, Sendable, CaseIterable, PostgresCodable {
    case owner, trainer, support

    /// Whether one who is this may make somebody `other`: never more than oneself.
    package func mayGrant(_ other: Role) -> Bool {
        let order = Role.allCases
        return order.firstIndex(of: self)! <= order.firstIndex(of: other)!
    }
}
