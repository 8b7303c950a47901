import Tenancy

extension Role {
    package var permissions: Set<Permission> {
        switch self {
        case .owner: Set(Permission.allCases)
        case .trainer: Role.support.permissions.union([.manageClients, .sendMessages])
        case .support: [.viewApplications, .viewBots, .viewUpdates]
        }
    }
}
