import Platform

/// What an admin is within a tenant, the most powerful first.
package enum Role: String, Sendable, CaseIterable, PostgresCodable {
    case owner, trainer, support

    /// Whether one who is this may make somebody `other`: never more than oneself.
    package func mayGrant(_ other: Role) -> Bool { power >= other.power }

    private var power: Int {
        switch self {
        case .owner: 3
        case .trainer: 2
        case .support: 1
        }
    }
}
