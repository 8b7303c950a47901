/// What a send method puts into the Message it answers with.
struct MessageContent {
    /// The parameter without which Telegram refuses, and how.
    private struct Shape {
        let field: String
        var required: [String] = []
    }

    private let shape: Shape
    var isText: Bool { shape.field == "text" }

    private static let shapes: [String: Shape] = [
        "sendmessage": Shape(field: "text", required: []),
        "forwardmessage": Shape(field: "forward", required: ["from_chat_id", "message_id"]),
        "sendphoto": Shape(field: "photo", required: ["photo"]),
        "sendlivephoto": Shape(field: "photo", required: ["photo"]),
        "sendaudio": Shape(field: "audio", required: ["audio"]),
        "senddocument": Shape(field: "document", required: ["document"]),
        "sendvideo": Shape(field: "video", required: ["video"]),
        "sendanimation": Shape(field: "animation", required: ["animation"]),
        "sendvoice": Shape(field: "voice", required: ["voice"]),
        "sendvideonote": Shape(field: "video_note", required: ["video_note"]),
        "sendsticker": Shape(field: "sticker", required: ["sticker"]),
        "sendpaidmedia": Shape(field: "paid_media", required: ["media"]),
        "sendlocation": Shape(field: "location", required: ["latitude", "longitude"]),
        "sendvenue": Shape(field: "venue", required: ["latitude", "longitude", "title", "address"]),
        "sendcontact": Shape(field: "contact", required: ["phone_number", "first_name"]),
        "sendpoll": Shape(field: "poll", required: ["question", "options"]),
        "senddice": Shape(field: "dice"),
        "sendgame": Shape(field: "game", required: ["game_short_name"]),
        "sendinvoice": Shape(
            field: "invoice", required: ["title", "description", "payload", "currency", "prices"]),
        "sendchecklist": Shape(field: "checklist", required: ["checklist"]),
    ]

    /// nil for a method that does not answer with one new Message.
    init?(method: String) {
        guard let shape = Self.shapes[method] else { return nil }
        self.shape = shape
    }

    /// The Message's own fields.
    /// - Throws: `BotAPIRefusal` when a parameter is missing.
    func fields(_ parameters: CallParameters, serial: Int64) throws(BotAPIRefusal) -> JSON {
        for name in shape.required where parameters[name] == nil {
            throw .badRequest("parameter \"\(name)\" is required")
        }
        if isText { return ["text": .string(try Self.text(parameters))] }
        let caption = parameters.string("caption").map { JSON.string($0) }
        let content = JSON.object([JSON.Member(name: shape.field, value: value(parameters, serial))])
        return content.adding(["caption": caption])
    }

    /// - Throws: what Telegram says to a text that is missing, empty or above 4096 UTF-16 code units.
    static func text(_ parameters: CallParameters) throws(BotAPIRefusal) -> String {
        let text = parameters.string("text") ?? ""
        guard text.contains(where: { !$0.isWhitespace }) else { throw .badRequest("message text is empty") }
        guard text.utf16.count <= 4096 else { throw .badRequest("message is too long") }
        return text
    }

    private func value(_ parameters: CallParameters, _ serial: Int64) -> JSON {
        let area: KeyValuePairs<String, JSON?> = ["width": 512, "height": 512]
        switch shape.field {
        case "photo": return [Self.file(serial, area)]
        case "video", "animation": return Self.file(serial, ["width": 512, "height": 512, "duration": 1])
        case "audio", "voice": return Self.file(serial, ["duration": 1])
        case "video_note": return Self.file(serial, ["length": 240, "duration": 1])
        case "document": return Self.file(serial, ["file_name": parameters["document"]?["file_name"]])
        case "sticker":
            let flags: KeyValuePairs<String, JSON?> = [
                "type": "regular", "width": 512, "height": 512, "is_animated": false, "is_video": false,
            ]
            return Self.file(serial, flags)
        case "location": return Self.location(parameters)
        case "venue":
            return .members([
                "location": Self.location(parameters), "title": parameters["title"],
                "address": parameters["address"],
            ])
        case "contact":
            return .members([
                "phone_number": parameters["phone_number"], "first_name": parameters["first_name"],
                "last_name": parameters["last_name"],
            ])
        case "poll": return Self.poll(parameters, isClosed: false)
        case "dice": return .members(["emoji": parameters["emoji"] ?? "🎲", "value": 4])
        case "game":
            return .members(["title": parameters["game_short_name"], "description": "", "photo": []])
        case "invoice":
            return .members([
                "title": parameters["title"], "description": parameters["description"], "start_parameter": "",
                "currency": parameters["currency"], "total_amount": Self.total(parameters),
            ])
        case "paid_media":
            return ["star_count": .integer(parameters.integer("star_count") ?? 1), "paid_media": []]
        case "checklist": return parameters.structure("checklist") ?? [:]
        default: return true
        }
    }

    static func file(_ serial: Int64, _ more: KeyValuePairs<String, JSON?>) -> JSON {
        JSON.members([
            "file_id": .string("sandbox-file-\(serial)"), "file_unique_id": .string("sandbox-\(serial)"),
        ]).adding(more)
    }

    static func poll(_ parameters: CallParameters, isClosed: Bool) -> JSON {
        let options = (parameters.structure("options")?.arrayValue ?? []).enumerated().map { index, option in
            JSON.members([
                "persistent_id": .string(String(index + 1)), "text": option["text"] ?? option,
                "voter_count": 0,
            ])
        }
        return [
            "id": "1", "question": .string(parameters.string("question") ?? ""), "options": .array(options),
            "total_voter_count": 0, "is_closed": .bool(isClosed), "is_anonymous": true, "type": "regular",
            "allows_multiple_answers": false, "allows_revoting": false, "members_only": false,
        ]
    }

    private static func location(_ parameters: CallParameters) -> JSON {
        let latitude = parameters.string("latitude").flatMap(Double.init) ?? 0
        let longitude = parameters.string("longitude").flatMap(Double.init) ?? 0
        return ["latitude": .number("\(latitude)"), "longitude": .number("\(longitude)")]
    }

    private static func total(_ parameters: CallParameters) -> JSON {
        let prices = parameters.structure("prices")?.arrayValue ?? []
        return .integer(prices.reduce(Int64(0)) { $0 &+ ($1["amount"]?.integerValue ?? 0) })
    }
}
