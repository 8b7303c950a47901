import FoundationEssentials
import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Admins' messages")
struct AdminMessageTests {
    private func read(_ text: String, chat: String = "private", isBot: Bool = false, kind: String = "message")
        -> AdminMessage?
    {
        AdminMessage(
            reading: Array(
                #"{"update_id":1,"\#(kind)":{"from":{"id":7,"is_bot":\#(isBot)},"chat":{"id":8,"type":"\#(chat)"},"text":"\#(text)"}}"#
                    .utf8))
    }

    @Test("The two commands are read, with the bot's name and without")
    func commands() throws {
        let code = LinkCode().text

        #expect(read("/webhook_status")?.command == .webhookStatus)
        #expect(read(#"\/webhook_status@some_bot "#)?.command == .webhookStatus)
        #expect(read("/link \(code)")?.command == .link(code: code))
        let shouted = try #require(read("/link@some_bot  \(code.uppercased())"))
        #expect(shouted.command == .link(code: code))
        #expect(shouted.sender == 7 && shouted.chat == 8)
    }

    @Test(
        "Whatever else is written is an ordinary message",
        arguments: [
            "hello", "/start", "/webhook_status now", "webhook_status", "see /webhook_status", "/link",
            "/link short", "/link 0123456789 0123456789", "/linked 0123456789", "/link 012345678!", "/",
            "/LINK 0123456789",
        ])
    func others(text: String) {
        #expect(read(text) == nil)
    }

    @Test("In a group, from a bot, edited, or without a sender it is no command")
    func surroundings() {
        #expect(read("/webhook_status", chat: "group") == nil)
        #expect(read("/webhook_status", isBot: true) == nil)
        #expect(read("/webhook_status", kind: "edited_message") == nil)
        let anonymous =
            #"{"update_id":1,"message":{"chat":{"id":8,"type":"private"},"text":"/webhook_status"}}"#
        #expect(AdminMessage(reading: Array(anonymous.utf8)) == nil)
    }

    @Test("Nothing that Telegram sends is taken for a command of the platform's by its kind")
    func kind() throws {
        let head = try UpdateHead(parsing: Array(#"{"update_id":1,"admin_command":{}}"#.utf8))

        #expect(head.kind == "unknown")
    }

    @Test("The status shows a foreign webhook's host and no more of its URL")
    func foreignURL() async throws {
        let json =
            #"{"url":"https://elsewhere.test/123:secret","has_custom_certificate":false,"pending_update_count":3}"#
        let info = try JSONDecoder().decode(WebhookInfo.self, from: Data(json.utf8))
        try await ConnectorRun.with { run in
            let bot = try await run.newBot(.webhook)
            let webhook = try await run.fixture.database.read(bot.tenant) { tx in
                try await Webhook.find(bot.id, in: tx)
            }

            let text = WebhookStatusText(bot, try #require(webhook), info).text

            #expect(text.contains("elsewhere.test (not ours)"))
            #expect(!text.contains("secret"))
            #expect(text.contains("Pending updates: 3"))
            #expect(text.contains("Last error: none"))
        }
    }
}
