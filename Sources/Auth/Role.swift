/// What an admin is within a tenant.
package enum Role: String, Sendable, CaseIterable {
    case owner, trainer, support

    package var permissions: Set<Permission> {
        switch self {
        case .owner: Set(Permission.allCases)
        case .trainer: Role.support.permissions.union([.manageClients, .sendMessages])
        case .support: [.viewApplications, .viewBots, .viewUpdates]
        }
    }
}
