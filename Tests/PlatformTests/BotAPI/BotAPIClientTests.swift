import Platform
import Testing

@Suite("Bot API client", .timeLimit(.minutes(10)))
struct BotAPIClientTests {
    private static let tokenText = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw_"
    private let token: BotToken

    init() throws { token = try #require(BotToken(Self.tokenText)) }

    @Test("A call posts its parameters as JSON under the token's path")
    func call() async throws {
        let server = try StubServer.answering { request in
            let line = request.head.prefix { $0 != "\r\n" }
            return answer(#"{"ok":true,"result":{"line":"\#(line)","body":\#(request.body)}}"#)
        }
        defer { server.stop() }
        struct Echo: Decodable, Equatable { let line: String, body: [String: Int] }

        let echo = try await withBotAPI(server) { api in
            try await api.call("sendMessage", Array(#"{"chat_id":5}"#.utf8), token: token).decode(Echo.self)
        }

        #expect(echo == Echo(line: "POST /bot\(Self.tokenText)/sendMessage HTTP/1.1", body: ["chat_id": 5]))
    }

    @Test(
        "Telegram's refusals arrive with all they say",
        arguments: [
            (
                401, #"{"ok":false,"error_code":401,"description":"Unauthorized"}"#,
                BotAPIError(code: 401, message: "Unauthorized")
            ),
            (
                429,
                #"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 7","parameters":{"retry_after":7}}"#,
                BotAPIError(code: 429, message: "Too Many Requests: retry after 7", retryAfter: .seconds(7))
            ),
            (
                400,
                #"{"ok":false,"error_code":400,"description":"x","parameters":{"migrate_to_chat_id":-1001234567890}}"#,
                BotAPIError(code: 400, message: "x", migrateToChatID: -1_001_234_567_890)
            ),
            (
                502, "<html>bad gateway</html>",
                BotAPIError(code: 502, message: "the answer is not the Bot API's (HTTP 502)")
            ),
            (200, "null", BotAPIError(code: 200, message: "the answer is not the Bot API's (HTTP 200)")),
        ])
    func refusals(status: Int, body: String, expected: BotAPIError) async throws {
        let server = try StubServer.answering { _ in httpAnswer("\(status) X", body: body) }
        defer { server.stop() }

        let error = try await withBotAPI(server) { api in
            await #expect(throws: BotAPIError.self) { try await api.getMe(token: token) }
        }

        #expect(error == expected)
    }

    @Test("A proxy's Retry-After counts")
    func retryAfterHeader() async throws {
        let server = try StubServer.answering { _ in httpAnswer("429 X", headers: "Retry-After: 3\r\n") }
        defer { server.stop() }

        let error = try await withBotAPI(server) { api in
            await #expect(throws: BotAPIError.self) { try await api.getMe(token: token) }
        }

        #expect(error?.retryAfter == .seconds(3))
    }

    @Test("No error shows the token", arguments: ["echo", "close", "slow", "long", "junk"])
    func tokenStaysSecret(behaviour: String) async throws {
        let server = try StubServer { connection in
            guard let request = connection.readRequest() else { return }
            switch behaviour {
            case "echo":
                let path = request.head.split(separator: " ")[1]
                connection.write(
                    httpAnswer("404 X", body: #"{"ok":false,"error_code":404,"description":"no \#(path)"}"#))
            case "long": connection.write(httpAnswer(body: String(repeating: " ", count: 2_000_000)))
            case "junk":
                connection.write(
                    answer(#"{"ok":true,"result":"\#(request.head.prefix(80).filter { !$0.isNewline })"}"#))
            case "slow": _ = connection.readRequest()
            default: break
            }
        }
        defer { server.stop() }

        let error = try await withBotAPI(server) { api in
            await #expect(throws: (any Error).self) {
                let result = try await api.call("getMe", token: token, timeout: .milliseconds(500))
                _ = try result.decode(BotProfile.self)
            }
        }

        var text = ""
        dump(error, to: &text)
        #expect(!text.contains("AAHdq"))
        #expect(!"\(error as Any)".contains("AAHdq"))
    }

    @Test(
        "A method that would change the path is not called",
        arguments: ["", "../x", "a/b", "a?b", "a#", "a%2f", "é"])
    func methodNames(method: String) async throws {
        let server = try StubServer.answering { _ in answer(#"{"ok":true,"result":true}"#) }
        defer { server.stop() }

        let error = try await withBotAPI(server) { api in
            await #expect(throws: BotAPIError.self) { try await api.call(method, token: token) }
        }

        #expect(error?.code == 404)
        #expect(server.connections == 0)
    }

    @Test("Webhook calls send and read what is documented")
    func webhooks() async throws {
        let server = try StubServer.answering { request in
            let method = request.head.split(separator: " ")[1].split(separator: "/").last
            switch method {
            case "setWebhook":
                let isRight =
                    request.body.contains(#""secret_token":"s""#)
                    && request.body.contains(#""max_connections":9"#)
                    && request.body.contains(#""allowed_updates":[]"#) && !request.body.contains("ip_address")
                return answer(
                    #"{"ok":true,"result":true,"description":"\#(isRight ? "Webhook was set" : request.body)"}"#
                )
            case "deleteWebhook":
                return answer(
                    #"{"ok":true,"result":true,"description":"\#(request.body.filter { $0 != "\"" })"}"#)
            default:
                return answer(
                    #"{"ok":true,"result":{"url":"","has_custom_certificate":false,"pending_update_count":3,"last_error_date":1700000000}}"#
                )
            }
        }
        defer { server.stop() }

        let (set, deleted, info) = try await withBotAPI(server) { api in
            let settings = WebhookSettings(
                url: "https://example.com/", secretToken: "s", maxConnections: 9, allowedUpdates: [])
            return (
                try await api.setWebhook(settings, token: token),
                try await api.deleteWebhook(dropPendingUpdates: true, token: token),
                try await api.getWebhookInfo(token: token)
            )
        }

        #expect(set == "Webhook was set")
        #expect(deleted == "{drop_pending_updates:true}")
        #expect(info.pendingUpdateCount == 3)
        #expect(info.lastErrorDate == 1_700_000_000)
        #expect(info.maxConnections == nil)
    }

    @Test("Updates come with their bytes unchanged")
    func updates() async throws {
        let first = #"{ "update_id": 7, "message": {"text": "a]}\",[ \u00e9"}}"#
        let second = #"{"new_kind":{"n":1.0},"update_id":8}"#
        let server = try StubServer.answering { request in
            let query = "/getUpdates?limit=100&timeout=2&offset=7&allowed_updates=%5B%22message%22%5D"
            return request.head.contains(query) && request.body.isEmpty
                ? answer(#"{"ok":true,"result":[\#(first),  \#(second)]}"#) : answer("{}")
        }
        defer { server.stop() }

        let updates = try await withBotAPI(server) { api in
            try await api.getUpdates(
                offset: 7, wait: .seconds(2), allowedUpdates: ["message"], token: token)
        }

        #expect(updates.map(\.updateID) == [7, 8])
        #expect(updates.map { String(decoding: $0.payload, as: UTF8.self) } == [first, second])
    }

    private func withBotAPI<T: Sendable>(
        _ server: StubServer, _ body: @escaping @Sendable (BotAPIClient) async throws -> T
    ) async throws -> T {
        try await withClient { client, _ in
            try await body(BotAPIClient(client: client, baseURL: server.url + "/"))
        }
    }
}

private func answer(_ body: String) -> String { httpAnswer(body: body) }
