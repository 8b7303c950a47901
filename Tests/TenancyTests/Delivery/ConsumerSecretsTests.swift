import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Signing secrets of consumers", .serialized, .timeLimit(.minutes(10)))
struct ConsumerSecretsTests {
    private func rotate(
        _ consumer: Consumer, to secret: String = WebhookKey.makeShared(), grace: Duration, _ fixture: Fixture
    ) async throws {
        let rotated = try await fixture.database.write(consumer.bot.tenant) { tx in
            try await Consumer.rotateSecret(
                of: consumer.id, to: secret, grace: grace, box: fixture.consumers, in: tx)
        }
        _ = try #require(rotated)
    }

    private func signer(of consumer: Consumer, _ fixture: Fixture) async throws -> WebhookSigner {
        let target = try await fixture.database.read(consumer.bot.tenant) { tx in
            try await PushTarget.find(consumer.id, box: fixture.consumers, in: tx)
        }
        return try #require(target).signer
    }

    private func signing(of consumer: Consumer, _ fixture: Fixture) async throws -> ConsumerSigning? {
        try await fixture.database.read(consumer.bot.tenant) { tx in
            try await Consumer.signing(of: [consumer.id], box: fixture.consumers, in: tx)
        }[consumer.id]
    }

    private func signatures(_ signer: WebhookSigner, at: Timestamp = .now) -> [Substring] {
        signer.signature(id: "msg_1", timestamp: at.secondsSince1970, body: [1]).split(separator: " ")
    }

    @Test("After a rotation both secrets sign until the grace is over, then the new one alone")
    func grace() async throws {
        try await Fixture.with { fixture in
            let (old, new) = (WebhookKey.makeShared(), WebhookKey.makeSigning())
            let consumer = try await fixture.consumer(
                of: fixture.bot(in: fixture.tenant()), url: "http://127.0.0.1:9/", signingSecret: old)

            try await rotate(consumer, to: new, grace: .seconds(3600), fixture)
            let signer = try await signer(of: consumer, fixture)
            let shown = try await signing(of: consumer, fixture)
            let (now, later) = (Timestamp.now, Timestamp.now + .seconds(3700))

            #expect(signatures(signer, at: now).map { $0.prefix { $0 != "," } } == ["v1a", "v1"])
            #expect(signatures(signer, at: later).map { $0.prefix { $0 != "," } } == ["v1a"])
            for secret in [old, new] {
                let header = signatures(signer, at: now).joined(separator: " ")
                #expect(
                    try WebhookSigner(secrets: [secret]).verifies(
                        header, id: "msg_1", timestamp: now.secondsSince1970, body: [1]))
            }
            #expect(shown?.publicKey == WebhookKey(new)?.publicKey && shown?.publicKey != nil)
            #expect(shown?.olderSecretsUntil.count == 1)
        }
    }

    @Test("Five secrets sign at most, and without grace the older ones end at once")
    func bounds() async throws {
        try await Fixture.with { fixture in
            let consumer = try await fixture.consumer(
                of: fixture.bot(in: fixture.tenant()), url: "http://127.0.0.1:9/")

            for _ in 0..<7 { try await rotate(consumer, grace: .seconds(3600), fixture) }
            let most = signatures(try await signer(of: consumer, fixture)).count
            try await rotate(consumer, grace: .zero, fixture)
            let least = signatures(try await signer(of: consumer, fixture)).count

            #expect(most == 5)
            #expect(least == 1)
            #expect(try await signing(of: consumer, fixture)?.olderSecretsUntil == [])
        }
    }

    @Test("A later rotation ends none before its time, and none after the new grace")
    func severalGraces() async throws {
        try await Fixture.with { fixture in
            let consumer = try await fixture.consumer(
                of: fixture.bot(in: fixture.tenant()), url: "http://127.0.0.1:9/")
            try await rotate(consumer, grace: .seconds(600), fixture)
            try await rotate(consumer, grace: .seconds(3600), fixture)
            let longer = try #require(try await signing(of: consumer, fixture)).olderSecretsUntil
            try await rotate(consumer, grace: .seconds(60), fixture)
            let shorter = try #require(try await signing(of: consumer, fixture)).olderSecretsUntil

            #expect(longer.count == 2 && longer[0] - longer[1] > .seconds(2000))
            #expect(shorter.count == 3 && shorter.allSatisfy { $0 < .now + .seconds(600) })
        }
    }

    @Test("Secrets whose time is over are forgotten, the others kept in order")
    func forgotten() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let consumer = try await fixture.consumer(of: bot, url: "http://127.0.0.1:9/")
            let other = try await fixture.consumer(of: bot, url: "http://127.0.0.1:9/")
            let (kept, newest) = (WebhookKey.makeShared(), WebhookKey.makeShared())
            try await rotate(consumer, to: kept, grace: .seconds(3600), fixture)
            try await rotate(consumer, to: newest, grace: .seconds(3600), fixture)
            try await rotate(other, grace: .seconds(3600), fixture)
            try await fixture.tamper(
                """
                UPDATE consumer SET older_secrets_until[2] = now() - interval '1 minute' WHERE id = \(consumer.id)
                """)
            let watch = ConsumerWatch(
                loop: fixture.loop, database: fixture.database, events: .none, logger: fixture.logger)

            try await watch.pass()
            let counts = try await fixture.count(
                "SELECT sum(cardinality(secrets_sealed)) FROM consumer")
            let signer = try await signer(of: consumer, fixture)

            #expect(counts == 4)
            let expected = try WebhookSigner(secrets: [newest, kept])
            #expect(signatures(signer) == signatures(expected))
        }
    }

    @Test("Another tenant's consumer cannot be given a secret")
    func otherTenant() async throws {
        try await Fixture.with { fixture in
            let consumer = try await fixture.consumer(
                of: fixture.bot(in: fixture.tenant()), url: "http://127.0.0.1:9/")
            let stranger = try await fixture.tenant()

            let rotated = try await fixture.database.write(stranger.id) { tx in
                try await Consumer.rotateSecret(
                    of: consumer.id, to: WebhookKey.makeShared(), grace: .zero, box: fixture.consumers, in: tx
                )
            }

            #expect(rotated == nil)
        }
    }
}
