/// What somebody may do within a tenant.
package enum Permission: String, Sendable, CaseIterable {
    case viewApplications = "view_applications"
    case viewBots = "view_bots"
    case viewUpdates = "view_updates"
    case manageClients = "manage_clients"
    case sendMessages = "send_messages"
    case viewRevenue = "view_revenue"
    case manageAdmins = "manage_admins"
    case manageBots = "manage_bots"
    case manageConsumers = "manage_consumers"
    case manageAPIKeys = "manage_api_keys"
    case viewAuditLog = "view_audit_log"
    case manageTenant = "manage_tenant"
}
