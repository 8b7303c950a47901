import Testing

@testable import Sandbox

@Suite("Kinds of update")
struct UpdateKindTests {
    @Test("There are 27, three of them off by default")
    func counts() {
        #expect(UpdateKind.all.count == 27)
        #expect(
            Set(UpdateKind.all).subtracting(UpdateKind.defaults).map(\.name).sorted()
                == ["chat_member", "message_reaction", "message_reaction_count"])
    }

    @Test(
        "Each kind goes by its lane",
        arguments: [
            ("message", #"{"chat":{"id":-5},"from":{"id":1}}"#, "chat:-5"),
            ("edited_channel_post", #"{"chat":{"id":-5}}"#, "chat:-5"),
            ("poll", #"{"id":"99"}"#, "poll:99"),
            ("poll_answer", #"{"poll_id":"99","user":{"id":1}}"#, "poll:99"),
            ("callback_query", #"{"id":"3","from":{"id":1}}"#, "callback_query:1"),
            ("shipping_query", #"{"from":{"id":1}}"#, "payment_query:1"),
            ("pre_checkout_query", #"{"from":{"id":1}}"#, "payment_query:1"),
            ("my_chat_member", #"{"chat":{"id":-5},"from":{"id":1}}"#, "my_chat_member:-5"),
            ("chat_member", #"{"chat":{"id":-5},"from":{"id":1}}"#, "chat_member:1"),
            ("deleted_business_messages", #"{"chat":{"id":6}}"#, "business_message:6"),
            ("brand_new", #"{"chat":{"id":6}}"#, "brand_new:6"),
            ("brand_new", "{}", "brand_new"),
        ])
    func lanes(_ kind: String, _ content: String, _ lane: String) throws {
        #expect(UpdateKind(name: kind).lane(of: try JSON(parsing: content)).description == lane)
    }

    @Test(
        "Queries live shorter than messages",
        arguments: [
            ("inline_query", 30), ("callback_query", 150), ("pre_checkout_query", 150),
            ("chosen_inline_result", 600),
            ("message", 86_400), ("brand_new", 86_400),
        ])
    func timeToLive(_ kind: String, _ seconds: Int) {
        #expect(UpdateKind(name: kind).timeToLive == .seconds(seconds))
    }
}
