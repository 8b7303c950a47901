import Platform
import Testing

@testable import Sandbox

@Suite("Sandbox over HTTP", .timeLimit(.minutes(10)))
struct SandboxServerTests {
    @Test("A bot is made, called, and what it did is read")
    func controlAndBotAPI() async throws {
        let served = try await ServedSandbox()

        let bot = try await served.send("POST", "/sandbox/bots", #"{"username":"demo_bot"}"#)
        let id = try #require(bot.json["telegram_id"]?.integerValue)
        let token = try #require(bot.json["token"]?.stringValue)
        let sent = try await served.send("GET", "/bot\(token)/sendmessage?chat_id=5&text=hello+you")
        let test = try await served.send("POST", "/bot\(token)/test/getMe")
        let calls = try await served.send("GET", "/sandbox/bots/\(id)/calls?method=sendMessage&after=0")
        let file = try await served.send("GET", "/file/bot\(token)/documents/x")

        #expect([bot, sent, test, calls, file].map(\.status) == [201, 200, 200, 200, 200])
        #expect(sent.json["result"]?["text"] == "hello you")
        #expect(test.json["result"]?["username"] == "demo_bot")
        #expect(
            calls.json["calls"]?.arrayValue?.map { $0["parameters"] } == [
                ["chat_id": 5, "text": "hello you"]
            ])
        await served.stop()
    }

    @Test("A user's message reaches a webhook over HTTP, and the answer's call is carried out")
    func deliversOverHTTP() async throws {
        let served = try await ServedSandbox()
        let receiver = try await Receiver(on: served.loop)
        let bot = try await served.server.sandbox.addBot(token: "77:abc")

        let set = try await served.send(
            "POST", "/bot77:abc/setWebhook", #"{"url":"\#(receiver.url)/hook?x=1","secret_token":"s3cret"}"#)
        let written = try await served.send(
            "POST", "/sandbox/bots/77/messages", #"{"text":"/start now","user_id":9,"first_name":"Ann"}"#)
        let calls = try await served.server.sandbox.calls(
            of: bot.telegramID, method: "sendMessage", after: 0, within: .seconds(60))
        let request = try #require(await receiver.requests.next())
        let message = try JSON(parsing: request.body)["message"]

        #expect([set.status, written.status] == [200, 201])
        #expect(calls.map(\.parameters) == [["chat_id": 9, "text": "pong"]])
        #expect(request.headers["Content-Type"] == "application/json")
        #expect(request.headers["X-Telegram-Bot-Api-Secret-Token"] == "s3cret")
        #expect(request.query == "x=1")
        #expect(try JSON(parsing: request.body)["update_id"] == written.json["update_id"])
        #expect(message?["from"]?["first_name"] == "Ann")
        #expect(message?["entities"] == [["type": "bot_command", "offset": 0, "length": 6]])
        await receiver.stop()
        await served.stop()
    }

    @Test("Stopping ends a long poll")
    func stopEndsPolls() async throws {
        let served = try await ServedSandbox()
        _ = try await served.server.sandbox.addBot(token: "77:abc")

        let poll = Task { try await served.send("POST", "/bot77:abc/getUpdates", #"{"timeout":50}"#) }
        while try await served.server.sandbox.state(of: 77)["is_polling"] != true { await Task.yield() }
        await served.server.sandbox.stop()

        #expect(try await poll.value.status == 502)
        await served.stop()
    }

    @Test("Faults are set, met and cleared over HTTP")
    func faults() async throws {
        let served = try await ServedSandbox()
        _ = try await served.server.sandbox.addBot(token: "77:abc")

        let set = try await served.send(
            "PUT", "/sandbox/bots/77/faults", #"{"next":1,"kind":429,"retry_after":7}"#)
        let met = try await served.send("POST", "/bot77:abc/getMe")
        let after = try await served.send("POST", "/bot77:abc/getMe")
        let wrong = try await served.send("PUT", "/sandbox/bots/77/faults", #"{"kind":"flood","nex":1}"#)
        let cleared = try await served.send("DELETE", "/sandbox/bots/77/faults")

        #expect([set, met, after, wrong, cleared].map(\.status) == [200, 429, 200, 422, 204])
        #expect(met.header("Retry-After") == "7")
        #expect(met.json["parameters"] == ["retry_after": 7])
        #expect(wrong.header("Content-Type") == "application/problem+json")
        #expect(wrong.json["errors"]?.arrayValue?.map { $0["pointer"] } == ["/kind", "/nex"])
        await served.stop()
    }

    @Test(
        "What goes wrong for all bots, at a webhook and with a token is set over HTTP, and calls are counted")
    func controls() async throws {
        let served = try await ServedSandbox()
        let sandbox = served.server.sandbox
        _ = try await sandbox.addBot(token: "77:abc")
        let bot = "/sandbox/bots/77"

        let set = [
            try await served.send("PUT", "/sandbox/faults", #"{"method":"getMe","kind":502}"#),
            try await served.send("GET", "/bot77:abc/getMe"),
            try await served.send("DELETE", "/sandbox/faults"),
            try await served.send("PUT", bot + "/delivery-fault", #"{"kind":"refused","count":3}"#),
            try await served.send("DELETE", bot + "/delivery-fault"),
            try await served.send("POST", bot + "/webhook", #"{"url":"http://127.0.0.1:9/thief"}"#),
            try await served.send("PUT", bot + "/webhook-info", #"{"pending_update_count":101}"#),
        ]
        let info = try await served.send("GET", "/bot77:abc/getWebhookInfo").json["result"]
        let revoked = try await served.send("POST", bot + "/revoke")
        _ = try await served.send("PUT", "/sandbox/new-token-limit", #"{"per_minute":1}"#)
        _ = try await served.send("GET", "/bot1:nobodys/getMe")
        let limited = try await served.send("GET", "/bot2:nobodys/getMe")
        let calls = try await served.send("GET", "/sandbox/calls?method=getme&limit=2")
        let counts = try await served.send("GET", "/sandbox/calls/counts")

        #expect(set.map(\.status) == [200, 502, 204, 200, 204, 200, 200])
        #expect(info?["url"] == "http://127.0.0.1:9/thief")
        #expect(info?["pending_update_count"] == 101)
        #expect(revoked.json["telegram_id"] == 77)
        #expect(revoked.json["token"] != "77:abc")
        #expect([limited.status, limited.json["error_code"]?.integerValue.map(Int.init)] == [429, 429])
        #expect(calls.json["calls"]?.arrayValue?.map { $0["telegram_id"] } == [77, .null])
        #expect(calls.json["has_more"] == true)
        #expect(counts.json == ["getme": ["401": 1, "429": 1, "502": 1], "getwebhookinfo": ["200": 1]])
        await served.stop()
    }

    @Test("getUpdates by GET takes its parameters from the query")
    func getUpdatesByGet() async throws {
        let served = try await ServedSandbox()
        _ = try await served.server.sandbox.addBot(token: "77:abc")
        let path = "/bot77:abc/getUpdates?timeout=0&limit=1&allowed_updates=%5B%22message%22%5D"

        _ = try await served.send("GET", path)
        let press = try await served.server.sandbox.press("yes", to: 77)
        let first = try await served.server.sandbox.write("one", to: 77)
        _ = try await served.server.sandbox.write("two", to: 77)
        let one = try await served.send("GET", path)
        let two = try await served.send("GET", path + "&offset=\(first.updateID + 1)")

        #expect(!press.isAllowed)
        #expect(
            [one, two].map { $0.json["result"]?.arrayValue?.map { $0["message"]?["text"] } } == [
                ["one"], ["two"],
            ])
        await served.stop()
    }

    @Test(
        "What is not there or not right is told as Telegram and as problem+json tell it",
        arguments: [
            ("GET", "/bot1:x/getMe", "", 401, "application/json"),
            ("GET", "/bot77:abc", "", 404, "application/json"),
            ("GET", "/bot77:abc/fly", "", 404, "application/json"),
            ("POST", "/bot77:abc/getMe", "{", 400, "application/json"),
            ("GET", "/", "", 404, "application/problem+json"),
            ("GET", "/sandbox/bots/5/calls", "", 404, "application/problem+json"),
            ("GET", "/sandbox/bots/77/calls?after=x", "", 400, "application/problem+json"),
            ("POST", "/sandbox/bots/77/messages", "{}", 422, "application/problem+json"),
            ("POST", "/sandbox/bots/77/messages", "[]", 400, "application/problem+json"),
            (
                "POST", "/sandbox/bots/77/updates", #"{"update_id":1,"message":{}}"#, 422,
                "application/problem+json"
            ),
            ("POST", "/sandbox/bots", #"{"token":"77:other"}"#, 409, "application/problem+json"),
            ("PUT", "/sandbox/bots/77/delivery-fault", #"{"kind":200}"#, 422, "application/problem+json"),
            ("POST", "/sandbox/bots/77/webhook", #"{"url":"ftp://x"}"#, 422, "application/problem+json"),
            ("POST", "/sandbox/bots/5/revoke", "", 404, "application/problem+json"),
            ("PATCH", "/sandbox/bots", "", 405, "application/problem+json"),
        ])
    func refusals(_ method: String, _ path: String, _ body: String, _ status: Int, _ type: String)
        async throws
    {
        let served = try await ServedSandbox()
        _ = try await served.server.sandbox.addBot(token: "77:abc")

        let answer = try await served.send(method, path, body)

        #expect(answer.status == status)
        #expect(answer.header("Content-Type") == type)
        await served.stop()
    }
}
