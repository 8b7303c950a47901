import Platform
import Testing

@testable import Tenancy

@Suite("Standard Webhooks signatures")
struct WebhookSignerTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let secret: String
        let id: String
        let timestamp: Int64
        let body: String
        let signature: String

        var testDescription: String { String(signature.prefix(4)) + id }
    }

    static let vectors = [
        Vector(
            secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
            timestamp: 1_614_265_330, body: #"{"test": 2432232314}"#,
            signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        Vector(
            secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", id: "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
            timestamp: 1_649_367_553, body: #"{"email":"test@example.com","username":"test_user"}"#,
            signature: "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="),
        Vector(
            secret:
                "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==",
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: 1_614_265_330, body: #"{"test": 2432232314}"#,
            signature:
                "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="
        ),
    ]

    @Test("Every vector of the specification is met, and verifies", arguments: vectors)
    func vector(_ vector: Vector) throws {
        let signer = try WebhookSigner(secrets: [vector.secret])
        let body = Array(vector.body.utf8)

        let signature = signer.signature(id: vector.id, timestamp: vector.timestamp, body: body)

        #expect(signature == vector.signature)
        #expect(signer.verifies(signature, id: vector.id, timestamp: vector.timestamp, body: body))
        #expect(!signer.verifies(signature, id: vector.id, timestamp: vector.timestamp + 1, body: body))
        #expect(!signer.verifies(signature, id: vector.id + "x", timestamp: vector.timestamp, body: body))
        #expect(!signer.verifies(signature, id: vector.id, timestamp: vector.timestamp, body: body + [32]))
    }

    @Test("Several secrets give a signature each, newest first, and any of them is enough to a receiver")
    func rotation() throws {
        let secrets = Self.vectors.map(\.secret)
        let signer = try WebhookSigner(secrets: secrets)

        let header = signer.signature(id: "msg_1", timestamp: 1, body: [1, 2, 3])

        let versions = header.split(separator: " ").map { $0.prefix { $0 != "," } }
        #expect(versions == ["v1", "v1", "v1a"])
        for secret in secrets {
            let receiver = try WebhookSigner(secrets: [secret])
            #expect(receiver.verifies(header, id: "msg_1", timestamp: 1, body: [1, 2, 3]))
        }
    }

    @Test("A receiver that has only the public key verifies, and skips versions it does not know")
    func publicKey() throws {
        let signer = try WebhookSigner(secrets: [WebhookKey.makeSigning()])
        let text = try #require(signer.publicKeys.first)
        let key = try #require(WebhookKey(text))
        let stranger = try #require(WebhookKey(WebhookKey.makeSigning()))
        let header = "v2,AAAA v1,AAAA " + signer.signature(id: "msg_1", timestamp: 7, body: [])

        #expect(WebhookSigner.verifies(header, id: "msg_1", timestamp: 7, body: [], keys: [key]))
        #expect(!WebhookSigner.verifies(header, id: "msg_1", timestamp: 7, body: [], keys: [stranger]))
        #expect(throws: WebhookSigner.Fault.malformedSecret) {
            try WebhookSigner(secrets: signer.publicKeys)
        }
    }

    @Test(
        "What is no secret is refused",
        arguments: [
            "", "whsec_", "whsec_c2hvcnQ=", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            // Seed and public key of two different pairs.
            "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6KvA==",
            "whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        ])
    func malformed(_ secret: String) {
        #expect(throws: WebhookSigner.Fault.malformedSecret) { try WebhookSigner(secrets: [secret]) }
    }

    @Test("New secrets are all different and can be used")
    func newSecrets() throws {
        let secrets = (0..<10).map { $0 % 2 == 0 ? WebhookKey.makeShared() : WebhookKey.makeSigning() }

        #expect(Set(secrets).count == 10)
        _ = try WebhookSigner(secrets: secrets)
    }
}
