import Testing

@testable import Tenancy

@Suite("Update head")
struct UpdateHeadTests {
    @Test(
        "Each kind has the lane that Telegram orders it by",
        arguments: [
            ("message", #"{"chat":{"id":5},"from":{"id":7}}"#, "chat:5"),
            ("edited_message", #"{"chat":{"id":5}}"#, "chat:5"),
            ("channel_post", #"{"chat":{"id":-1005}}"#, "chat:-1005"),
            ("edited_channel_post", #"{"chat":{"id":-1005}}"#, "chat:-1005"),
            ("poll", #"{"id":"99","question":"?"}"#, "poll:99"),
            ("poll_answer", #"{"poll_id":"99","user":{"id":7}}"#, "poll:99"),
            ("inline_query", #"{"id":"1","from":{"id":7}}"#, "inline_query:7"),
            ("chosen_inline_result", #"{"from":{"id":7}}"#, "chosen_inline_result:7"),
            (
                "callback_query", #"{"id":"1","from":{"id":7},"message":{"chat":{"id":5}}}"#,
                "callback_query:7"
            ),
            ("shipping_query", #"{"from":{"id":7}}"#, "shipping_query:7"),
            ("pre_checkout_query", #"{"from":{"id":7}}"#, "pre_checkout_query:7"),
            ("purchased_paid_media", #"{"from":{"id":7}}"#, "purchased_paid_media:7"),
            ("managed_bot", #"{"user":{"id":7}}"#, "managed_bot:7"),
            ("business_connection", #"{"id":"x","user":{"id":7}}"#, "business_connection:7"),
            ("chat_member", #"{"chat":{"id":5},"from":{"id":7}}"#, "chat_member:7"),
            ("chat_join_request", #"{"chat":{"id":5},"from":{"id":7}}"#, "chat_join_request:7"),
            ("my_chat_member", #"{"chat":{"id":5},"from":{"id":7}}"#, "my_chat_member:5"),
            ("chat_boost", #"{"chat":{"id":5}}"#, "chat_boost:5"),
            ("removed_chat_boost", #"{"chat":{"id":5}}"#, "removed_chat_boost:5"),
            ("message_reaction", #"{"chat":{"id":5},"user":{"id":7}}"#, "message_reaction:5"),
            ("message_reaction_count", #"{"chat":{"id":5}}"#, "message_reaction_count:5"),
            ("business_message", #"{"chat":{"id":5},"from":{"id":7}}"#, "business_message:5"),
            ("edited_business_message", #"{"chat":{"id":5}}"#, "edited_business_message:5"),
            ("deleted_business_messages", #"{"chat":{"id":5}}"#, "deleted_business_messages:5"),
            ("guest_message", #"{"chat":{"id":5},"from":{"id":7}}"#, "guest_message:5"),
        ])
    func lanes(_ kind: String, _ content: String, _ lane: String) throws {
        let head = try parse(#"{"update_id":1,"\#(kind)":\#(content)}"#)

        #expect(head.kind == kind)
        #expect(head.lane == lane)
    }

    @Test(
        "A kind that nobody knows yet is ordered by its chat, else its user, else by itself",
        arguments: [
            (#"{"chat":{"id":5},"from":{"id":7}}"#, "hatching:5"), (#"{"user":{"id":7}}"#, "hatching:7"),
            (#"{"message":{"chat":{"id":5}}}"#, "hatching:5"), ("{}", "hatching"), ("[1]", "hatching"),
            ("null", "hatching"), (#""text""#, "hatching"),
        ])
    func unknownKinds(_ content: String, _ lane: String) throws {
        let head = try parse(#"{"update_id":1,"hatching":\#(content)}"#)

        #expect(head.kind == "hatching")
        #expect(head.lane == lane)
    }

    @Test(
        "A known kind of an unexpected shape is taken, in a lane of its kind",
        arguments: [
            "null", "5", "[]", "{}", #"{"chat":5}"#, #"{"chat":{"id":"5"}}"#, #"{"chat":{}}"#,
            #"{"chat":{"id":99999999999999999999}}"#, #"{"chat":{"id":1.5}}"#, #"{"chat":null}"#,
        ])
    func wrongShapes(_ content: String) throws {
        #expect(try parse(#"{"update_id":1,"message":\#(content)}"#).lane == "message")
        #expect(try parse(#"{"update_id":1,"callback_query":\#(content)}"#).lane == "callback_query")
        #expect(try parse(#"{"update_id":1,"poll":\#(content)}"#).lane == "poll")
    }

    @Test("The known one of several kinds counts, wherever it stands, and none at all is `unknown`")
    func severalKinds() throws {
        #expect(try parse(#"{"a":1,"update_id":1,"message":{"chat":{"id":5}},"z":2}"#).lane == "chat:5")
        #expect(try parse(#"{"zzz":1,"update_id":1,"aaa":2}"#).kind == "aaa")
        #expect(try parse(#"{"update_id":1}"#).kind == "unknown")
    }

    @Test(
        "Only kinds that go stale have a time to live",
        arguments: [
            ("inline_query", 30), ("callback_query", 150), ("shipping_query", 150),
            ("pre_checkout_query", 150), ("chosen_inline_result", 600), ("message", nil),
            ("hatching", nil),
        ] as [(String, Int?)])
    func timeToLive(_ kind: String, _ seconds: Int?) throws {
        let head = try parse(#"{"update_id":1,"\#(kind)":{}}"#)

        #expect(head.timeToLive == seconds.map { .seconds($0) })
    }

    @Test(
        "Every 64-bit integer is an update_id",
        arguments: [
            ("0", 0), ("-5", -5), ("9223372036854775807", Int64.max), ("-9223372036854775808", Int64.min),
        ])
    func updateIDs(_ text: String, _ value: Int64) throws {
        #expect(try parse(#"{"update_id":\#(text),"message":{}}"#).updateID == value)
    }

    @Test(
        "Nothing else is an update_id",
        arguments: [
            #"{"message":{}}"#, #"{"update_id":"1"}"#, #"{"update_id":1.5}"#, #"{"update_id":null}"#,
            #"{"update_id":true}"#, #"{"update_id":[1]}"#, #"{"update_id":9223372036854775808}"#,
            #"{"update_id":-9223372036854775809}"#, #"{"update_id":1e400}"#, "{}",
        ])
    func noUpdateID(_ text: String) {
        #expect(throws: UpdateHead.Fault.noUpdateID) { try parse(text) }
    }

    @Test("What is no object is told apart", arguments: ["[]", "1", #""text""#, "null", "true"])
    func notAnObject(_ text: String) {
        #expect(throws: UpdateHead.Fault.notAnObject) { try parse(text) }
    }

    @Test(
        "What is no JSON is told apart",
        arguments: [
            "", " ", "{", #"{"update_id":1"#, "{'update_id':1}", #"{"update_id":1}}"#, "update_id=1", "\0",
        ])
    func notJSON(_ text: String) {
        #expect(throws: UpdateHead.Fault.notJSON) { try parse(text) }
    }

    @Test("An update of the greatest size is read, and one nested without end is refused, quickly")
    func extremes() throws {
        let text = String(repeating: "x", count: (1 << 20) - 100)
        let large = #"{"update_id":1,"message":{"chat":{"id":5},"text":"\#(text)"}}"#
        let depth = 200_000
        let deep =
            #"{"update_id":1,"message":"# + String(repeating: "[", count: depth)
            + String(repeating: "]", count: depth) + "}"

        #expect(try parse(large).lane == "chat:5")
        #expect(throws: UpdateHead.Fault.self) { try parse(deep) }
    }

    @Test("A lane's name is bounded, and different long ones stay different")
    func longLanes() throws {
        let text = String(repeating: "9", count: 10_000)

        let first = try parse(#"{"update_id":1,"poll":{"id":"\#(text)1"}}"#)
        let second = try parse(#"{"update_id":1,"poll":{"id":"\#(text)2"}}"#)
        let kind = try parse(#"{"update_id":1,"\#(text)":{}}"#)

        #expect(first.lane.utf8.count <= 200 && kind.lane.utf8.count <= 200)
        #expect(first.lane != second.lane)
    }

    private func parse(_ text: String) throws -> UpdateHead { try UpdateHead(parsing: Array(text.utf8)) }
}
