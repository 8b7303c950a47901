import Platform
import Tenancy
import TestSupport
import Testing

@testable import Auth

@Suite("Signing keys")
struct SigningKeyTests {
    private struct Stored: RowDecodable {
        let id: String
        let sealed: [UInt8]
        init(row: inout Row) throws {
            id = try row.next()
            sealed = try row.next()
        }
    }

    @Test("Nodes that start at the same time make one key between them")
    func first() async throws {
        try await Fixture.with { fixture in
            let nodes = [
                try await fixture.node(isLoaded: false), try await fixture.node(isLoaded: false),
                try await fixture.node(isLoaded: false),
            ]

            try await withThrowingTaskGroup(of: Void.self) { group in
                for node in nodes { group.addTask { try await node.upkeep.refresh() } }
                try await group.waitForAll()
            }

            let person = try await fixture.admin(in: fixture.tenant())
            let token = try await fixture.token(for: person, by: nodes[0])
            for node in nodes { #expect(try await node.caller(of: token).account == person.account) }
            #expect(try await Self.stored(fixture).count == 1)
        }
    }

    @Test("Before the keys are loaded nobody is let in, and nobody is turned away as unknown")
    func notLoaded() async throws {
        try await Fixture.with { fixture in
            let node = try await fixture.node()
            let person = try await fixture.admin(in: fixture.tenant())
            let token = try await fixture.token(for: person, by: node)
            let other = try await fixture.node(isLoaded: false)

            await #expect(throws: RevocationList.Outdated.self) { try await other.caller(of: token) }
            #expect(throws: AccessTokens.NoKey.self) {
                try other.credentials.tokens.issue(to: person.subject(issuedAt: .now))
            }
        }
    }

    @Test("A private key is stored sealed, for its own row only")
    func sealed() async throws {
        try await Fixture.with { fixture in
            let node = try await fixture.node()
            let key = try node.credentials.keys.signing(at: node.credentials.clock.now)
            let scalar = try #require(key.key.scalar)

            let stored = try await Self.stored(fixture)

            #expect(
                try stored.map { try fixture.box.open($0.sealed, for: SigningKey.binding($0.id)) } == [scalar]
            )
            #expect(throws: SecretBox.Failure.notGenuine) {
                try fixture.box.open(stored[0].sealed, for: SigningKey.binding("another"))
            }
        }
    }

    @Test("A key is rotated with the next one published ahead, and both verify")
    func rotated() async throws {
        try await Fixture.with { fixture in
            let node = try await fixture.node()
            let keys = node.credentials.keys
            let person = try await fixture.admin(in: fixture.tenant())
            let old = try await fixture.token(for: person, by: node)
            // The node's own idea of it is off by half of what its question took.
            let now = try await fixture.databaseTime()

            let next = try await fixture.database.writePlatform { tx in try await keys.rotate(.next, in: tx) }
            let again = try await fixture.database.writePlatform { tx in try await keys.rotate(.next, in: tx)
            }
            try await node.upkeep.refresh()

            let rotated = try #require(next)
            #expect(again?.id == rotated.id)
            #expect(rotated.activeAt >= now + SigningKey.publishedAhead)
            #expect(try keys.valid(at: node.credentials.clock.now).count == 2)
            #expect(try keys.signing(at: node.credentials.clock.now).id != rotated.id)
            #expect(try keys.signing(at: rotated.activeAt).id == rotated.id)
            #expect(try keys.valid(at: rotated.activeAt + AccessTokens.lifetime).count == 2)
            #expect(try keys.valid(at: rotated.activeAt + .seconds(661)).map(\.id) == [rotated.id])
            #expect(try await node.caller(of: old).account == person.account)
        }
    }

    @Test("Rotated at once, the next key signs in a few seconds, and the tokens before it stay good")
    func rotatedNow() async throws {
        try await Fixture.with { fixture in
            let (node, other) = (try await fixture.node(), try await fixture.node())
            let keys = node.credentials.keys
            let person = try await fixture.admin(in: fixture.tenant())
            let old = try await fixture.token(for: person, by: node)

            _ = try await fixture.database.writePlatform { tx in try await keys.rotate(.next, in: tx) }
            let rotated = try #require(
                try await fixture.database.writePlatform { tx in try await keys.rotate(.now, in: tx) })
            try await node.upkeep.refresh()
            try await other.upkeep.refresh()

            #expect(try await rotated.activeAt <= fixture.databaseTime() + .seconds(6))
            #expect(try await Self.stored(fixture).count == 2)
            let new = try node.credentials.tokens.issue(to: person.subject(issuedAt: rotated.activeAt))
            for token in [old, new] {
                let now = rotated.activeAt + .seconds(1)
                #expect(
                    try other.credentials.tokens.verified(token, at: now).caller.account == person.account)
            }
            #expect(new.split(separator: ".")[0] != old.split(separator: ".")[0])
        }
    }

    @Test("The next key is made by itself a day before the newest has signed for thirty")
    func automatic() async throws {
        try await Fixture.with { fixture in
            let node = try await fixture.node()
            func age(_ interval: String) async throws {
                _ = try await fixture.superuser.withConnection { connection in
                    try await connection.execute(
                        "UPDATE signing_key SET active_at = clock_timestamp() - \(interval)::text::interval")
                }
                try await node.upkeep.refresh()
            }

            try await age("28 days 23 hours")
            let before = try await Self.stored(fixture).count
            try await age("29 days 1 minute")

            #expect(before == 1)
            #expect(try await Self.stored(fixture).count == 2)
        }
    }

    @Test("A key put in by hand, or sealed with another master key, counts for nothing")
    func notGenuine() async throws {
        try await Fixture.with { fixture in
            let node = try await fixture.node()
            let person = try await fixture.admin(in: fixture.tenant())
            let forged = try #require(P256.PrivateKey())
            let thumbprint = forged.publicKey.thumbprint
            let other = SecretBox(keyRing: try KeyRing("other:" + Base64.encode(Random.bytes(32))))
            for (id, box, binding) in [
                (thumbprint, other, thumbprint), ("named", fixture.box, "named"),
                (thumbprint + "x", fixture.box, thumbprint),
            ] {
                let sealed = try box.seal(forged.scalar!, for: SigningKey.binding(binding))
                _ = try await fixture.superuser.withConnection { connection in
                    try await connection.execute(
                        """
                        INSERT INTO signing_key (id, public_key, private_key_sealed, active_at)
                        VALUES (\(id), \(forged.publicKey.point), \(sealed), clock_timestamp() - interval '1 hour')
                        """)
                }
            }
            try await node.upkeep.refresh()
            node.stayFresh()

            let good = SigningKey(id: thumbprint, activeAt: .now, retiredAt: nil, key: forged)
            let forge = try TokenForge(node, person, at: try await fixture.databaseTime())
            let token = forge.token(header: #"{"alg":"ES256","typ":"at+jwt","kid":"\#(thumbprint)"}"#) {
                good.key.sign($0)!
            }

            await #expect(throws: Authenticator.Failure.invalidToken) { try await node.caller(of: token) }
            #expect(try JSONWebKeySet(node.credentials.keys, at: .now).json.count < 300)
        }
    }

    @Test("A key that is taken away takes the tokens with it that were verified already")
    func takenAway() async throws {
        try await Fixture.with { fixture in
            let node = try await fixture.node()
            let person = try await fixture.admin(in: fixture.tenant())
            let token = try await fixture.token(for: person, by: node)
            _ = try await node.caller(of: token)

            _ = try await fixture.superuser.withConnection { connection in
                try await connection.execute("UPDATE signing_key SET retired_at = clock_timestamp()")
            }
            try await node.upkeep.refresh()
            node.stayFresh()

            await #expect(throws: Authenticator.Failure.invalidToken) { try await node.caller(of: token) }
            #expect(try await fixture.token(for: person, by: node) != token)
        }
    }

    private static func stored(_ fixture: Fixture) async throws -> [Stored] {
        try await fixture.superuser.withConnection { connection in
            try await connection.all("SELECT id, private_key_sealed FROM signing_key", as: Stored.self)
        }
    }
}
