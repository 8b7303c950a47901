import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Test sends", .serialized, .timeLimit(.minutes(10)))
struct ConsumerTesterTests {
    private func send(
        _ consumer: Consumer, allowsPrivate: Bool = true, logger: Logger? = nil, _ fixture: Fixture
    ) async throws -> ConsumerTest {
        let client = try HTTPClient(
            loop: fixture.loop, addressGuard: AddressGuard(allowsPrivate: allowsPrivate))
        defer { client.close() }
        let target = try await fixture.database.read(consumer.bot.tenant) { tx in
            try await PushTarget.find(consumer.id, box: fixture.consumers, in: tx)
        }
        return await ConsumerTester(client: client, logger: logger ?? fixture.logger)
            .send(to: try #require(target))
    }

    @Test("A test is signed and says what it is; a call in its answer is told and not carried out")
    func sent() async throws {
        try await Fixture.with { fixture in
            let receiver = try await TestReceiver(on: fixture.loop) { _ -> HTTPResponse in
                .json(200, Array(#"{"method":"sendMessage","chat_id":0,"text":"hi"}"#.utf8))
            }
            let secret = WebhookSigner.makeSecret()
            let consumer = try await fixture.consumer(
                of: fixture.bot(in: fixture.tenant()), url: receiver.url, signingSecret: secret,
                telegramSecret: "tg")
            try await fixture.tamper("UPDATE consumer SET status = 'paused'")

            let test = try await send(consumer, fixture)

            let reception = try #require(receiver.receptions.all.first)
            let headers = reception.headers
            #expect(test.statusCode == 200 && test.error == nil)
            #expect(test.reply?.method == "sendMessage" && test.reply?.isOK == nil)
            #expect(
                test.response.map { String(decoding: $0, as: UTF8.self) }?.contains("sendMessage") == true)
            #expect(reception.updateID == 0 && headers["Rookery-Test"] == "true")
            #expect(headers["Content-Type"] == "application/json")
            #expect(headers["X-Telegram-Bot-Api-Secret-Token"] == "tg")
            let id = try #require(headers["webhook-id"])
            #expect(!id.contains("."))
            #expect(
                try WebhookSigner(secrets: [secret]).verifies(
                    headers["webhook-signature"] ?? "", id: id,
                    timestamp: headers["webhook-timestamp"].flatMap { Int64($0) } ?? 0, body: reception.body))
            #expect(try await fixture.count("SELECT count(*) FROM delivery_attempt") == 0)
            await receiver.stop()
        }
    }

    @Test("A test that finds nobody says why")
    func nobody() async throws {
        try await Fixture.with { fixture in
            let consumer = try await fixture.consumer(
                of: fixture.bot(in: fixture.tenant()), url: "http://nobody.invalid/")

            let test = try await send(consumer, fixture)

            #expect(test.statusCode == nil)
            #expect(test.error == "the host name does not resolve")
        }
    }

    @Test("Of a name that stands for an inner address its tenant does not learn which, and the log tells")
    func innerAddress() async throws {
        try await Fixture.with { fixture in
            let consumer = try await fixture.consumer(
                of: fixture.bot(in: fixture.tenant()), url: "http://localhost:8080/")

            let lines = Happenings<String>()

            let test = try await send(
                consumer, allowsPrivate: false, logger: Logger(minimum: .debug, write: { lines.add($0) }),
                fixture)

            #expect(test.statusCode == nil)
            #expect(test.error == "the host name stands for an address that is not public")
            let told = lines.all.filter { $0.contains("address is refused") }
            #expect(told.count == 1 && told.allSatisfy { $0.contains("127.0.0.1") || $0.contains("::1") })
        }
    }
}
