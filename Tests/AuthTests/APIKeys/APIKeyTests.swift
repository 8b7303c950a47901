import Platform
import Tenancy
import TestSupport
import Testing

@testable import Auth

@Suite("API keys")
struct APIKeyTests {
    @Test("A key stands for its tenant with its permissions, from memory the second time")
    func caller() async throws {
        try await Fixture.with { fixture in
            let node = try await fixture.node()
            let tenant = try await fixture.tenant()
            let (secret, key) = try await fixture.apiKey(in: tenant, [.viewBots, .viewUpdates])

            let caller = try await node.caller(of: secret)

            #expect(
                caller
                    == Caller(.apiKey(key.id), tenant: tenant.id, permissions: [.viewBots, .viewUpdates]))
            #expect(try node.authenticator.known(secret, from: IPAddress("192.0.2.1")!) == caller)
        }
    }

    @Test("A key that was never made is refused, with a good checksum, too")
    func unknown() async throws {
        try await Fixture.with { fixture in
            let node = try await fixture.node()

            await #expect(throws: Authenticator.Failure.invalidToken) {
                try await node.caller(of: APIKeySecret().text)
            }
        }
    }

    @Test("The database holds no key, only its digest and last characters")
    func stored() async throws {
        try await Fixture.with { fixture in
            let (secret, key) = try await fixture.apiKey(in: fixture.tenant())

            let row = try await fixture.superuser.withConnection { connection in
                try await connection.value("SELECT api_key::text FROM api_key", as: String.self)
            }

            let text = try #require(row)
            #expect(!text.contains(secret.dropFirst(8).prefix(30)))
            #expect(text.contains(SHA256.hex(secret.utf8)))
            #expect(key.hint == String(secret.suffix(4)))
        }
    }

    @Test("A key is good only from the addresses that it allows")
    func addresses() async throws {
        try await Fixture.with { fixture in
            let node = try await fixture.node()
            let ranges = ["192.0.2.0/24", "2001:db8::/32", "198.51.100.7"].map { AddressRange($0)! }
            let (secret, _) = try await fixture.apiKey(in: fixture.tenant(), allowedAddresses: ranges)

            for address in ["192.0.2.255", "2001:db8:1::1", "198.51.100.7", "::ffff:192.0.2.9"] {
                #expect(try await node.caller(of: secret, from: address).tenant != nil)
            }
            for address in ["192.0.3.0", "2001:db9::1", "198.51.100.8", "127.0.0.1"] {
                await #expect(throws: Authenticator.AddressNotAllowed.self) {
                    try await node.caller(of: secret, from: address)
                }
            }
        }
    }

    @Test("Addresses that somebody wrote wrongly by hand allow nothing")
    func wrongAddresses() async throws {
        try await Fixture.with { fixture in
            let node = try await fixture.node()
            let (secret, _) = try await fixture.apiKey(in: fixture.tenant())
            _ = try await fixture.superuser.withConnection { connection in
                try await connection.execute("UPDATE api_key SET allowed_addresses = '{everywhere}'")
            }

            await #expect(throws: Authenticator.AddressNotAllowed.self) {
                try await node.caller(of: secret)
            }
        }
    }

    @Test("An expired key is refused, whether or not it was seen before")
    func expired() async throws {
        try await Fixture.with { fixture in
            let node = try await fixture.node()
            let tenant = try await fixture.tenant()
            let now = try await fixture.databaseTime()
            let (past, _) = try await fixture.apiKey(in: tenant, expiresAt: now - .seconds(1))
            let (brief, _) = try await fixture.apiKey(in: tenant, expiresAt: now + .seconds(3600))

            let caller = try await node.caller(of: brief)
            // To the node it is an hour later.
            node.credentials.clock.set(now + .seconds(3600), askedAt: .now)

            #expect(caller.tenant == tenant.id)
            for key in [past, brief] {
                await #expect(throws: Authenticator.Failure.invalidToken) { try await node.caller(of: key) }
            }
        }
    }

    @Test("A deleted key is refused by every node that has heard of it")
    func deleted() async throws {
        try await Fixture.with { fixture in
            let nodes = [try await fixture.node(), try await fixture.node()]
            let tenant = try await fixture.tenant()
            let (secret, key) = try await fixture.apiKey(in: tenant)
            let (other, _) = try await fixture.apiKey(in: tenant)
            for node in nodes { _ = try await node.caller(of: secret) }

            let deleted = try await fixture.database.write(tenant.id) { tx in
                try await APIKey.delete(key.id, in: tx)
            }
            for node in nodes { try await node.upkeep.refresh() }

            #expect(deleted?.id == key.id)
            for node in nodes {
                await #expect(throws: Authenticator.Failure.invalidToken) {
                    try await node.caller(of: secret)
                }
                #expect(try await node.caller(of: other).tenant == tenant.id)
            }
        }
    }

    @Test("What was changed by hand is seen within a minute, and one request looks while the others go on")
    func byHand() async throws {
        try await Fixture.with { fixture in
            let node = try await fixture.node()
            let address = IPAddress("192.0.2.1")!
            let (secret, _) = try await fixture.apiKey(in: fixture.tenant())
            let start = ContinuousClock.now
            _ = try await node.caller(of: secret)
            let later = ContinuousClock.now + .seconds(46)
            _ = try await fixture.superuser.withConnection { connection in
                try await connection.execute("DELETE FROM api_key")
            }
            node.credentials.revocations.apply([], isAll: false, askedAt: later)

            let before = try node.authenticator.known(secret, from: address, at: start + .seconds(44))
            let looks = try node.authenticator.known(secret, from: address, at: later)
            let goesOn = try node.authenticator.known(secret, from: address, at: later)

            #expect(before != nil && looks == nil && goesOn != nil)
            await #expect(throws: Authenticator.Failure.invalidToken) {
                try await node.authenticator.verified(secret, from: address)
            }
            #expect(try node.authenticator.known(secret, from: address, at: later) == nil)
        }
    }

    @Test("A tenant cannot find, list or delete another tenant's key")
    func otherTenant() async throws {
        try await Fixture.with { fixture in
            let node = try await fixture.node()
            let stranger = try await fixture.tenant()
            let (secret, key) = try await fixture.apiKey(in: fixture.tenant())

            let (found, all, deleted) = try await fixture.database.write(stranger.id) { tx in
                (
                    try await APIKey.find(key.id, in: tx),
                    try await APIKey.all(after: nil, limit: 10, in: tx),
                    try await APIKey.delete(key.id, in: tx)
                )
            }

            #expect(found == nil && all.isEmpty && deleted == nil)
            #expect(try await node.caller(of: secret).tenant != nil)
        }
    }

    @Test("The use of a key is written once a minute at most, and is no change of it")
    func lastUsed() async throws {
        try await Fixture.with { fixture in
            let node = try await fixture.node()
            let tenant = try await fixture.tenant()
            let (secret, key) = try await fixture.apiKey(in: tenant)
            let (uses, now) = (node.credentials.uses, ContinuousClock.now)
            func lastUsed() async throws -> Timestamp? {
                try await fixture.database.read(tenant.id) { tx in
                    try await APIKey.find(key.id, in: tx)
                }?.lastUsedAt
            }

            _ = try await node.caller(of: secret)
            let before = try await lastUsed()
            try await uses.write(at: now, in: fixture.database)
            let first = try await lastUsed()
            _ = try await node.caller(of: secret)
            try await uses.write(at: now + .seconds(59), in: fixture.database)
            let second = try await lastUsed()
            try await uses.write(at: now + .seconds(61), in: fixture.database)
            let third = try await lastUsed()

            #expect(before == nil)
            #expect(first != nil && second == first)
            #expect(try #require(third) > #require(first))
            let after = try await fixture.database.read(tenant.id) { tx in
                try await APIKey.find(key.id, in: tx)
            }
            #expect(after?.updatedAt == key.updatedAt)
        }
    }
}
