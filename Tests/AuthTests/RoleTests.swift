import Auth
import Tenancy
import Testing

@Suite("Roles")
struct RoleTests {
    @Test("The three roles have the permissions of the contract")
    func permissions() {
        let viewing: Set<Permission> = [.viewApplications, .viewBots, .viewUpdates]

        #expect(Role.owner.permissions == Set(Permission.allCases))
        #expect(Role.trainer.permissions == viewing.union([.manageClients, .sendMessages]))
        #expect(Role.support.permissions == viewing)
    }

    @Test("Each role may do all that the one below it may")
    func nested() {
        #expect(Role.support.permissions.isSubset(of: Role.trainer.permissions))
        #expect(Role.trainer.permissions.isSubset(of: Role.owner.permissions))
    }

    @Test("Permissions are written as the contract names them")
    func names() {
        let names = Set(Permission.allCases.map(\.rawValue))

        #expect(
            names == [
                "view_applications", "view_bots", "view_updates", "manage_clients", "send_messages",
                "view_revenue", "manage_admins", "manage_bots", "manage_consumers", "manage_api_keys",
                "view_audit_log", "manage_tenant",
            ])
        #expect(Role.allCases.map(\.rawValue) == ["owner", "trainer", "support"])
    }
}
