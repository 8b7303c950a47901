import Platform
import Testing

@testable import Tenancy

@Suite("Calls in answers, read")
struct DeliveryReplyTests {
    private func read(_ body: String, type: String? = "application/json") -> DeliveryReply? {
        DeliveryReply(Array(body.utf8), contentType: type)
    }

    private func parameters(_ reply: DeliveryReply?) -> String? {
        reply.map { String(decoding: $0.parameters, as: UTF8.self) }
    }

    @Test("A JSON object with a method is a call: its other fields are the parameters, as they were")
    func json() {
        let reply = read(
            #"{ "chat_id": -1001, "method":"sendMessage", "text":"a \"b\" \u00e9", "reply_markup": {"x":[1.50]}}"#
        )

        #expect(reply?.method == "sendMessage")
        #expect(reply?.chat == .number(-1001))
        #expect(parameters(reply) == #"{"text":"a \"b\" é","reply_markup":{"x":[1.50]}}"#)
    }

    @Test("A chat is a number however it is written; a channel's name stays among the parameters")
    func chats() {
        let written = read(#"{"method":"sendMessage","chat_id":"42"}"#)
        let named = read(#"{"method":"sendMessage","chat_id":"@rook"}"#)
        let none = read(#"{"method":"answerCallbackQuery","callback_query_id":"7"}"#)

        #expect(written?.chat == .number(42))
        #expect(parameters(written) == "{}")
        #expect(named?.chat == .name("@rook"))
        #expect(parameters(named) == #"{"chat_id":"@rook"}"#)
        #expect(none != nil && none?.chat == nil)
    }

    @Test("A form is a call as well, all its values texts")
    func form() {
        let reply = read(
            "method=sendMessage&chat_id=7&text=a+b%26c&reply_markup=%7B%7D",
            type: "application/x-www-form-urlencoded")

        #expect(reply?.method == "sendMessage")
        #expect(reply?.chat == .number(7))
        #expect(parameters(reply) == #"{"text":"a b&c","reply_markup":"{}"}"#)
    }

    @Test(
        "Every other answer asks for nothing",
        arguments: [
            ("", "application/json"), ("ok", "application/json"), ("{}", "application/json"),
            (#"{"ok":true}"#, "application/json"), (#"{"method":7}"#, "application/json"),
            (#"{"method":""}"#, "application/json"), (#"["method"]"#, "application/json"),
            (#"{"a":{"method":"sendMessage"}}"#, "application/json"),
            (#"{"method":"sendMessage""#, "application/json"), (#"{"method":"sendMessage"}"#, "text/plain"),
            ("text=method", "application/x-www-form-urlencoded"),
            ("method=%zz", "application/x-www-form-urlencoded"),
            (#"{"method":"sendMessage"}"#, "application/jsonlines"),
        ])
    func nothing(body: String, type: String) {
        #expect(read(body, type: type) == nil)
        #expect(read(body, type: nil) == nil)
    }

    @Test(
        "Methods that Telegram ignores in answers are refused, in any case of letters",
        arguments: [
            "setWebhook", "SETWEBHOOK", "deleteWebhook", "close", "logOut", "getMe", "GetUpdates", "../x",
        ])
    func ignored(method: String) {
        #expect(read(#"{"method":"\#(method)"}"#)?.refusal != nil)
        #expect(read(#"{"method":"sendMessage"}"#)?.refusal == nil)
        #expect(read(#"{"method":"closeForumTopic"}"#)?.refusal == nil)
        #expect(read(#"{"method":"send\u0000Message"}"#)?.refusal != nil)
    }

    @Test("What is kept of Telegram's words is bounded, and is text that PostgreSQL takes")
    func outcome() {
        let outcome = ReplyOutcome("sendMessage", isOK: true, String(repeating: "é\0", count: 10_000))

        #expect(outcome.result.utf8.count <= 4098)
        #expect(!outcome.result.contains("\0"))
        let odd = ReplyOutcome("a\0" + String(repeating: "\u{301}", count: 60_000), isOK: false, "")
        #expect(odd.method.utf8.count <= 66 && !odd.method.contains("\0"))
    }
}
