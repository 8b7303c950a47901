import Platform
import Tenancy

/// Who makes a request, and what they may do.
package struct Caller: Sendable, Equatable {
    package enum Identity: Sendable, Equatable {
        case stranger
        case admin(ID<Admin>, account: ID<Account>)
        case platformAdmin(ID<Account>)
        case apiKey(ID<APIKey>)
        /// Whoever runs the program's commands on the machine.
        case `operator`
        /// The program, of itself.
        case platform
    }

    package let identity: Identity
    /// The session that the access token is of.
    package let session: ID<Session>?
    /// The tenant in which the caller acts. A platform admin names one, or acts in none.
    package var tenant: ID<Tenant>?
    /// nil for API keys and platform admins.
    package let role: Role?
    /// Within `tenant`.
    package let permissions: Set<Permission>

    package init(
        _ identity: Identity, session: ID<Session>? = nil, tenant: ID<Tenant>? = nil, role: Role? = nil,
        permissions: Set<Permission> = []
    ) {
        self.identity = identity
        self.session = session
        self.tenant = tenant
        self.role = role
        self.permissions = permissions
    }

    package static let stranger = Caller(.stranger)
    package static let `operator` = Caller(.operator)
    package static let platform = Caller(.platform)

    package var isPlatformAdmin: Bool {
        if case .platformAdmin = identity { true } else { false }
    }

    /// The person behind it; nil for strangers, API keys and the operator.
    package var account: ID<Account>? {
        switch identity {
        case .admin(_, let account), .platformAdmin(let account): account
        case .stranger, .apiKey, .operator, .platform: nil
        }
    }

    /// Its TypeID, as in `created_by` and in the audit trail; empty for a stranger, the operator and the
    /// platform.
    package var name: String {
        switch identity {
        case .stranger, .operator, .platform: ""
        case .admin(let id, _): id.description
        case .platformAdmin(let id): id.description
        case .apiKey(let id): id.description
        }
    }
}
