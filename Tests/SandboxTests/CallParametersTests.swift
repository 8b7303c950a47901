import Testing

@testable import Sandbox

@Suite("Parameters of a call")
struct CallParametersTests {
    private let expected: JSON = [
        "chat_id": 7, "text": "a+b & ü", "reply_markup": ["inline_keyboard": []],
    ]

    private func parsed(_ query: String? = nil, _ type: String? = nil, _ body: String = "") throws
        -> CallParameters
    {
        try CallParameters(query: query, contentType: type, body: Array(body.utf8))
    }

    @Test("A query, a form, a multipart form and JSON give the same parameters")
    func sameWhicheverWay() throws {
        let encoded = "chat_id=7&text=a%2Bb+%26+%C3%BC&reply_markup=%7B%22inline_keyboard%22%3A%5B%5D%7D"
        let parts = [("chat_id", "7"), ("text", "a+b & ü"), ("reply_markup", #"{"inline_keyboard":[]}"#)]
            .map { "--XX\r\nContent-Disposition: form-data; name=\"\($0.0)\"\r\n\r\n\($0.1)\r\n" }.joined()

        let ways = [
            try parsed(encoded),
            try parsed(nil, "application/x-www-form-urlencoded", encoded),
            try parsed(nil, "multipart/form-data; boundary=\"XX\"", parts + "--XX--\r\n"),
            try parsed(nil, "application/json; charset=utf-8", expected.text),
        ]

        #expect(ways.map(\.json) == Array(repeating: expected, count: 4))
    }

    @Test("Of an uploaded file name, type and size are kept")
    func describesFiles() throws {
        let body =
            "--B\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a;b.jpg\"\r\n"
            + "Content-Type: image/jpeg\r\n\r\n12\r\n345\r\n--B--"

        let parameters = try parsed(nil, "multipart/form-data; boundary=B", body)

        #expect(parameters["photo"] == ["file_name": "a;b.jpg", "content_type": "image/jpeg", "size": 7])
    }

    @Test("The text of a form that looks like JSON or a number stays text")
    func keepsText() throws {
        let parameters = try parsed("text=%5B1%5D&callback_query_id=123&chat_id=@channel")

        #expect(parameters.json == ["text": "[1]", "callback_query_id": "123", "chat_id": "@channel"])
    }

    @Test(
        "A body that is not what it says is refused",
        arguments: [
            ("application/json", "{"), ("application/json", "[1]"), ("multipart/form-data", "--B--"),
            ("multipart/form-data; boundary=B", "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx"),
            ("multipart/form-data; boundary=B", "--B"),
        ])
    func refusesBrokenBodies(_ type: String, _ body: String) {
        #expect(throws: BotAPIRefusal.self) { try parsed(nil, type, body) }
    }
}
