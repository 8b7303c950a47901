import FoundationEssentials
import Platform
import Tenancy
import TestSupport
import Testing

@testable import API

@Suite("Alarms to owners", .timeLimit(.minutes(10)))
struct OwnerAlarmsTests {
    private static func body(of letter: MailServer.Letter) -> String {
        let encoded = letter.text.components(separatedBy: "\r\n\r\n").dropFirst().joined()
        return String(decoding: Base64.decode(encoded.filter { !$0.isWhitespace }) ?? [], as: UTF8.self)
    }

    @Test("When an endpoint is gone, owner and contact get a letter, and the audit trail says what was done")
    func gone() async throws {
        let server = try MailServer()
        defer { server.stop() }
        let settings = [
            "ROOKERY_SMTP_URL": "smtp://127.0.0.1:\(server.port)", "ROOKERY_MAIL_FROM": "rookery@example.net",
        ]
        try await RunningApp.with(settings: settings) { app in
            let fixture = app.fixture
            let receiver = try await TestReceiver(on: fixture.loop) { _ in 410 }
            let bot = try await app.bot()
            let tenant = try await fixture.database.read(bot.tenant) { tx in try await Tenant.current(in: tx)
            }
            let owner = try await fixture.admin(in: try #require(tenant))
            _ = try await fixture.admin(in: try #require(tenant), role: .support)
            _ = try await fixture.superuser.withConnection { connection in
                try await connection.execute(
                    "UPDATE tenant SET settings = '{\"contact_email\":\"nest@example.org\"}' WHERE id = \(bot.tenant)"
                )
            }
            let consumer = try await fixture.consumer(of: bot, url: receiver.url)

            let answer = try await app.post(
                #"{"update_id":1,"message":{"chat":{"id":1}}}"#, to: "\(bot.id)")
            try await fixture.eventually("two letters") { server.letters.count >= 2 }

            #expect(answer.status == 200)
            let letters = server.letters
            #expect(Set(letters.map(\.recipient).map { $0.contains("nest@example.org") }) == [true, false])
            #expect(letters.contains { $0.recipient.contains(owner.email) })
            #expect(letters.count == 2)
            for letter in letters {
                #expect(Self.body(of: letter).contains("\(consumer.id)"))
                #expect(Self.body(of: letter).contains("410 Gone"))
            }
            let noted = try await fixture.superuser.withConnection { connection in
                try await connection.value(
                    """
                    SELECT count(*) FROM audit_event WHERE tenant_id = \(bot.tenant) AND action = 'consumer.pause'
                        AND changes::text LIKE '%gone%'
                    """, as: Int64.self)
            }
            #expect(noted == 1)
            await receiver.stop()
        }
    }

    @Test("Each thing that befalls a consumer has words of its own, with what its owner can do")
    func words() async throws {
        try await RunningApp.with { app in
            let consumer = try await app.fixture.consumer(of: app.bot(), url: "http://127.0.0.1:9/")
            let moment = Timestamp(microsecondsSince1970: 1_700_000_000_000_000)

            let alarms = [
                ConsumerEvent.gone, .failing(since: moment, disabledAt: moment + .seconds(60)),
                .failing(since: moment, disabledAt: nil), .disabled(failingSince: moment),
            ].map { OwnerAlarm($0, of: consumer) }

            #expect(Set(alarms.map(\.text)).count == 4)
            #expect(
                alarms.allSatisfy { $0.tenant == consumer.bot.tenant && $0.topic.contains("\(consumer.id)") })
            #expect(alarms[1].text.contains("\(moment + .seconds(60))"))
            #expect(alarms[3].text.contains("/resume"))
        }
    }
}
