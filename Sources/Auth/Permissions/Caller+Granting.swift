import Tenancy

extension Caller {
    /// Nobody gives away more than they have.
    /// - Returns: the first permission of `granted` that the caller lacks to make somebody that; nil when it may.
    package func permissionLacking(toGrant granted: Role) -> Permission? {
        if isPlatformAdmin { return nil }
        if let role, role.mayGrant(granted) { return nil }
        return granted.permissions.subtracting(permissions).min { $0.rawValue < $1.rawValue }
    }
}
