import Auth
import Platform
import Tenancy
import TestSupport

@testable import API

extension RunningApp {
    /// The header with an access token for the person, good on every node of the fixture's database.
    func bearer(_ person: Person) async throws -> (String, String) {
        try await isReady(for: person.tenant)
        var token = ""
        // The first keys come a moment after it is known that there were none.
        try await fixture.eventually("a key that signs") {
            let now = try await self.fixture.databaseTime()
            token = (try? self.app.access.tokens.issue(to: person.subject(issuedAt: now))) ?? ""
            return !token.isEmpty
        }
        return ("Authorization", "Bearer " + token)
    }

    /// The header with an API key that has just been made.
    func bearer(
        key permissions: [Permission], in tenant: Tenant, allowedAddresses: [AddressRange]? = nil
    ) async throws -> (String, String) {
        try await isReady(for: tenant.id)
        let (secret, _) = try await fixture.apiKey(
            in: tenant, permissions, allowedAddresses: allowedAddresses)
        return ("Authorization", "Bearer " + secret)
    }

    /// Waits until the node has its signing keys and revocations, and knows the tenant.
    func isReady(for tenant: ID<Tenant>? = nil) async throws {
        try await fixture.eventually("the node to know keys and tenant") {
            guard self.app.access.credentials.areReady else { return false }
            return tenant.map { self.app.access.tenants[$0] != nil } ?? true
        }
    }

    /// Sends JSON.
    func send(
        _ method: String, _ path: String, json: String, as caller: (String, String),
        headers: [(String, String)] = []
    ) async throws -> HTTPClientResponse {
        try await send(
            method, path, headers: [caller, ("Content-Type", "application/json")] + headers,
            body: Array(json.utf8))
    }

    func get(_ path: String, as caller: (String, String)) async throws -> HTTPClientResponse {
        try await send("GET", path, headers: [caller])
    }
}
