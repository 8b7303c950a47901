import FoundationEssentials
import Platform
import Tenancy

/// A bearer token that was found to be genuine: whom it stands for, and what ends it.
struct Credential: Sendable {
    let caller: Caller
    /// When an access token was issued, by the database's clock; nil for an API key, which any revocation ends.
    let issuedAt: Timestamp?
    /// nil: never.
    let expiresAt: Timestamp?
    /// nil: good from anywhere.
    let allowedAddresses: [AddressRange]?
    /// Whose revocation ends it. The tenant ends access tokens only: what becomes of its keys is told by its state.
    let subjects: [UUID]

    init(
        caller: Caller, issuedAt: Timestamp?, expiresAt: Timestamp?, allowedAddresses: [AddressRange]? = nil
    ) {
        self.caller = caller
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        self.allowedAddresses = allowedAddresses
        subjects = caller.revocableSubjects
    }

    func isExpired(at time: Timestamp) -> Bool { expiresAt.map { $0 <= time } ?? false }

    func isAllowed(from address: IPAddress) -> Bool {
        allowedAddresses.map { ranges in ranges.contains { $0.contains(address) } } ?? true
    }
}

extension Caller {
    fileprivate var revocableSubjects: [UUID] {
        switch identity {
        case .stranger, .operator, .platform: []
        case .apiKey(let id): [id.uuid]
        case .admin(let id, let account):
            [session?.uuid, id.uuid, account.uuid, tenant?.uuid].compactMap(\.self)
        case .platformAdmin(let account): [session?.uuid, account.uuid].compactMap(\.self)
        }
    }
}
