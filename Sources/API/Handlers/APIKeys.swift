import Auth
import Platform
import Tenancy

/// `/v1/api-keys`: the ways in that a tenant gives to programs.
enum APIKeys {
    @Sendable static func list(_ call: Call) async throws -> HTTPResponse {
        try await call.page(APIKey.all(after:limit:in:), id: \.id)
    }

    @Sendable static func show(_ call: Call) async throws -> HTTPResponse {
        let id = try call.id("key_id", of: APIKey.self)
        let key = try await call.found { tx in try await APIKey.find(id, in: tx) }
        return .resource(key, key.tag, for: call.request)
    }

    /// The only answer that ever holds the key itself.
    @Sendable static func create(_ call: Call) async throws -> HTTPResponse {
        let new = try call.body(APIKey.New.init)
        let lacking = new.permissions.first { !call.caller.permissions.contains($0) }
        if let lacking { try await call.refuse(lacking.rawValue) }
        return try await call.write { tx in
            // Here, and not with the fields: a repetition with an Idempotency-Key may come after that moment.
            if let expiresAt = new.expiresAt, expiresAt <= .now {
                throw Problem.invalidField("/expires_at", "invalid", "must be in the future")
            }
            let secret = APIKeySecret()
            let key = try await APIKey.create(
                bounded(new, by: call.caller, in: tx), secret: secret, by: call.caller.name, in: tx)
            try await call.record(
                AuditEvent(.apiKeyCreate, of: AuditTarget(key.id), changes: key.changes), in: tx)
            return .created(MadeKey(key: key, secret: secret), at: "/v1/api-keys/\(key.id)", key.tag)
        }
    }

    /// A key that makes another cannot outlive itself in it, nor get out of its addresses.
    private static func bounded(
        _ new: APIKey.New, by maker: Caller, in tx: TenantTransaction
    ) async throws -> APIKey.New {
        guard case .apiKey(let id) = maker.identity else { return new }
        guard let key = try await APIKey.find(id, in: tx) else { throw Problem.unauthorized("invalid_token") }
        do {
            return try new.within(key)
        } catch .expiry {
            throw Problem.invalidField("/expires_at", "invalid", "must not be later than your own key's")
        } catch .addresses {
            throw Problem.invalidField("/allowed_addresses", "invalid", "must be within your own key's")
        }
    }

    @Sendable static func delete(_ call: Call) async throws -> HTTPResponse {
        let id = try call.id("key_id", of: APIKey.self)
        return try await call.write { tx in
            guard let key = try await APIKey.delete(id, in: tx) else { throw Problem.notFound }
            try key.tag.requireMatch(call.request)
            try await call.record(AuditEvent(.apiKeyDelete, of: AuditTarget(id)), in: tx)
            return .noContent
        }
    }
}

/// A key with its secret.
private struct MadeKey: JSONWritable {
    let key: APIKey
    let secret: APIKeySecret

    func write(to json: inout JSONWriter) {
        json.object {
            key.members(&$0)
            $0.field("key", secret.text)
        }
    }
}

extension APIKey {
    fileprivate var tag: ETag { ETag(id, updatedAt) }

    fileprivate var changes: AuditChanges {
        func list(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
        var changes = AuditChanges()
        changes.add("name", to: .string(name))
        changes.add("hint", to: .string(hint))
        changes.add("permissions", to: list(permissions.map(\.rawValue)))
        changes.add("allowed_addresses", to: allowedAddresses.map(list) ?? .null)
        changes.add("expires_at", to: expiresAt.map { .string("\($0)") } ?? .null)
        return changes
    }
}

extension APIKey.New {
    fileprivate init?(_ body: inout RequestBody) {
        let name = body.required("name", .text(1...200))
        let permissions = body.required(
            "permissions", .list(of: Field<Permission>.choice, 1...Permission.allCases.count))
        let addresses = body.optional("allowed_addresses", .list(of: .addressRange, 1...100))
        let expiresAt = body.optional("expires_at", .timestamp)
        guard let name, let permissions else { return nil }
        self.init(
            name: name, permissions: permissions, allowedAddresses: addresses, expiresAt: expiresAt)
    }
}

extension Field where Value == AddressRange {
    static var addressRange: Field {
        Field(expected: "an IP address or a block such as 192.0.2.0/24") {
            guard case .string(let text) = $0 else { return nil }
            return AddressRange(text)
        }
    }
}
