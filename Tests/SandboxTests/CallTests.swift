import Platform
import Testing

@testable import Sandbox

@Suite("Calls of the Bot API", .timeLimit(.minutes(10)))
struct CallTests {
    @Test("A token that is not known is unauthorized")
    func unauthorized() async throws {
        let fixture = try await Fixture()

        let answers = [
            await fixture.sandbox.call("getMe", token: "42:wrong", CallParameters()),
            await fixture.sandbox.call("getMe", token: "nonsense", CallParameters()),
        ]

        #expect(
            answers.map(\.body.text)
                == Array(
                    repeating: #"{"ok":false,"error_code":401,"description":"Unauthorized"}"#, count: 2))
    }

    @Test("Names count without regard to case; what is no method is not found")
    func names() async throws {
        let fixture = try await Fixture()

        let known = [await fixture.call("GETME"), await fixture.call("sendChatAction", ["chat_id": 1])]
        let unknown = [
            await fixture.call("fly"), await fixture.call("noSuchMethod"), await fixture.call("send"),
        ]

        #expect(known.map(\.status) == [200, 200])
        #expect(unknown == Array(repeating: .failure(.methodNotFound), count: 3))
    }

    @Test("getMe tells who the bot is")
    func getMe() async throws {
        let fixture = try await Fixture()

        let result = await fixture.call("getMe").body["result"]

        #expect(result?["id"] == 42)
        #expect(result?["is_bot"] == true)
        #expect(result?["username"] == "test_bot")
    }

    @Test("sendMessage answers with the Message and refuses what Telegram refuses")
    func sendMessage() async throws {
        let fixture = try await Fixture()

        let sent = await fixture.call("sendMessage", ["chat_id": "7", "text": "hi"]).body["result"]
        let refused = [
            await fixture.call("sendMessage", ["text": "hi"]),
            await fixture.call("sendMessage", ["chat_id": 7, "text": " "]),
            await fixture.call(
                "sendMessage", ["chat_id": 7, "text": .string(String(repeating: "a", count: 4097))]),
        ]

        #expect(sent?["chat"]?["id"] == 7)
        #expect(sent?["text"] == "hi")
        #expect(sent?["from"]?["is_bot"] == true)
        #expect(sent?["message_id"]?.integerValue != nil && sent?["date"]?.integerValue != nil)
        #expect(
            refused.map { $0.body["description"]?.stringValue } == [
                "Bad Request: chat_id is empty", "Bad Request: message text is empty",
                "Bad Request: message is too long",
            ])
    }

    @Test("A pressed button shows the bot's last message")
    func press() async throws {
        let fixture = try await Fixture()
        let markup: JSON = ["inline_keyboard": [[["text": "Yes", "callback_data": "yes"]]]]
        await fixture.call("sendMessage", ["chat_id": 1001, "text": "Well?", "reply_markup": markup])

        _ = try await fixture.sandbox.press("yes", to: fixture.bot.telegramID)
        let query = await fixture.call("getUpdates").body["result"]?.arrayValue?.first?["callback_query"]

        #expect(query?["data"] == "yes")
        #expect(query?["message"]?["text"] == "Well?")
        #expect(query?["message"]?["reply_markup"] == markup)
    }

    @Test("Calls are recorded with their answers' status, and forgotten past the limit")
    func records() async throws {
        let fixture = try await Fixture(SandboxConfiguration(callsKept: 4))
        for number in 1...9 {
            await fixture.call("sendMessage", ["chat_id": .integer(number), "text": "hi"])
        }
        await fixture.call("sendMessage", ["chat_id": 10])

        let calls = try await fixture.sandbox.calls(of: 42, method: "SENDMESSAGE", after: 8)
        let all = try await fixture.sandbox.calls(of: 42)

        #expect(calls.map(\.id) == [9, 10])
        #expect(calls.map(\.status) == [200, 400])
        #expect(all.count <= 5)
    }

    @Test("A fault meets as many calls as asked, of its method")
    func faults() async throws {
        let fixture = try await Fixture()
        let kind = try #require(
            SandboxFault.Kind(
                name: "429", retryAfter: 3, description: nil, seconds: nil, migrateTo: nil))
        _ = try await fixture.sandbox.setFault(
            SandboxFault(method: "sendmessage", kind: kind, remaining: 2), of: 42)

        var statuses = [await fixture.call("getMe").status]
        for _ in 0..<3 {
            statuses.append(await fixture.call("sendMessage", ["chat_id": 1, "text": "hi"]).status)
        }

        #expect(statuses == [200, 429, 429, 200])
    }

    @Test(
        "Each kind of fault answers as Telegram would",
        arguments: [
            ("401", 401, "Unauthorized"), ("403", 403, "Forbidden: bot was blocked by the user"),
            ("429", 429, "Too Many Requests: retry after 1"), ("500", 500, "Internal Server Error"),
            ("timeout", 504, "Gateway Timeout"),
            ("migrate", 400, "Bad Request: group chat was upgraded to a supergroup chat"),
        ])
    func kindsOfFault(_ name: String, _ status: Int, _ text: String) async throws {
        let fixture = try await Fixture(SandboxConfiguration(speed: 1000))
        let kind = try #require(
            SandboxFault.Kind(
                name: name, retryAfter: nil, description: nil, seconds: 1, migrateTo: nil))
        _ = try await fixture.sandbox.setFault(SandboxFault(method: nil, kind: kind), of: 42)

        let answer = await fixture.call("getMe")

        #expect(answer.status == status)
        #expect(answer.body["description"] == .string(text))
    }

    @Test("What a bot sets about itself it gets back")
    func settings() async throws {
        let fixture = try await Fixture()
        let commands: JSON = [["command": "start", "description": "Begin"]]

        await fixture.call("setMyCommands", ["commands": commands])
        let set = await fixture.call("getMyCommands")
        await fixture.call("deleteMyCommands")

        #expect(set == .success(commands))
        #expect(await fixture.call("getMyCommands") == .success([]))
    }
}
