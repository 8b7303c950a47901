import Platform
import Tenancy

/// An event of the audit trail as it stands in its table, signature included.
package struct AuditRecord: Sendable, Equatable {
    package let tenant: ID<Tenant>
    package let id: ID<AuditEvent>
    package let createdAt: Timestamp
    package let actorType: String
    package let actorID: String?
    package let credential: String?
    package let onBehalfOf: String?
    package let action: String
    package let targetType: String?
    package let targetID: String?
    package let outcome: String
    /// A JSON object.
    package let changes: String?
    package let address: String?
    package let userAgent: String?
    package let requestID: String?
    private(set) var keyID = ""
    private(set) var signature: [UInt8] = []
}

extension AuditRecord {
    /// An event of this moment, not yet signed. Its id carries the time, so that lists can go by either.
    init(
        _ event: AuditEvent, by caller: Caller, from origin: RequestOrigin, for tenant: ID<Tenant>,
        at now: Timestamp
    ) {
        self.tenant = tenant
        id = ID(.version7(at: now))
        createdAt = now
        actorType = caller.kind
        actorID = caller.name.isEmpty ? nil : caller.name
        credential = caller.credential
        onBehalfOf = caller.isPlatformAdmin ? caller.tenant?.description : nil
        action = event.action.rawValue
        targetType = event.target?.type
        targetID = event.target?.id
        outcome = event.outcome.rawValue
        changes = event.changes.json
        address = origin.address.isEmpty ? nil : origin.address
        userAgent = origin.userAgent
        requestID = origin.requestID.isEmpty ? nil : origin.requestID
    }
}

extension AuditRecord: RowDecodable {
    static let columns: SQL = """
        tenant_id, id, created_at, actor_type, actor_id, credential, on_behalf_of, action, target_type, target_id, \
        outcome, changes, address, user_agent, request_id, key_id, signature
        """

    package init(row: inout Row) throws {
        tenant = try row.next()
        id = try row.next()
        createdAt = try row.next()
        actorType = try row.next()
        actorID = try row.next()
        credential = try row.next()
        onBehalfOf = try row.next()
        action = try row.next()
        targetType = try row.next()
        targetID = try row.next()
        outcome = try row.next()
        changes = try row.next()
        address = try row.next()
        userAgent = try row.next()
        requestID = try row.next()
        keyID = try row.next()
        signature = try row.next()
    }

    func insert(in tx: some DatabaseTransaction) async throws {
        try await tx.execute(
            """
            INSERT INTO audit_event (\(Self.columns))
            VALUES (\(tenant), \(id), \(createdAt), \(actorType), \(actorID), \(credential), \(onBehalfOf),
                \(action), \(targetType), \(targetID), \(outcome), \(changes), \(address), \(userAgent),
                \(requestID), \(keyID), \(signature))
            """)
    }
}

extension AuditRecord {
    /// All columns but key and signature, so that no two events have the same bytes.
    var signedBytes: [UInt8] {
        var form = CanonicalBytes("rookery.audit.event.1")
        form.add(tenant)
        form.add(id)
        form.add(createdAt)
        for text in [actorType, actorID, credential, onBehalfOf, action, targetType, targetID, outcome] {
            form.add(text)
        }
        for text in [changes, address, userAgent, requestID] { form.add(text) }
        return form.bytes
    }

    /// What the Merkle trees are over: every column.
    var leaf: [UInt8] {
        var form = CanonicalBytes("rookery.audit.leaf.1")
        form.add(signedBytes)
        form.add(keyID)
        form.add(signature)
        return form.bytes
    }

    mutating func sign(with key: AuditKey) throws {
        keyID = key.id
        signature = try key.sign(signedBytes)
    }

    func isGenuine(_ key: AuditPublicKey) -> Bool {
        keyID == key.id && Ed25519.verify(signature, of: signedBytes, publicKey: key.bytes)
    }
}
