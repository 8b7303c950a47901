import Platform
import Tenancy

/// A tenant as the caller may see it.
struct TenantAnswer: JSONWritable {
    let tenant: Tenant
    /// Whether the caller holds view_revenue; `billing` is left out otherwise.
    let showsBilling: Bool
    /// For the answer to the tenant's making.
    var invitation: InvitationLink?

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", tenant.id)
            json.field("name", tenant.name)
            json.field("slug", tenant.slug)
            json.field("status", tenant.status.rawValue)
            json.field("limits") { json in
                json.object { json in
                    for key in TenantLimits.Key.allCases {
                        json.key(named: key.rawValue)
                        if let limit = tenant.limits[key] { limit.write(to: &json) } else { json.null() }
                    }
                }
            }
            json.field("settings", tenant.settings)
            if showsBilling { json.field("billing", tenant.billing) }
            if let invitation { json.field("invitation", invitation) }
            json.field("created_at", tenant.createdAt)
            json.field("updated_at", tenant.updatedAt)
        }
    }

    var tag: ETag { Self.tag(of: tenant, showsBilling: showsBilling) }

    private static func tag(of tenant: Tenant, showsBilling: Bool) -> ETag {
        let tag = ETag(tenant.id, tenant.updatedAt)
        return showsBilling ? tag.variant("billing") : tag
    }

    /// With If-Match, whether or not the client saw the billing.
    func requireMatch(_ request: HTTPRequest) throws {
        try tag.requireMatch(request, or: Self.tag(of: tenant, showsBilling: !showsBilling))
    }
}
