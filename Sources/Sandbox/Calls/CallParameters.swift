/// The parameters of a call, wherever they stood: in the query, or in a body that is urlencoded,
/// multipart/form-data or JSON. A body's value counts over the query's.
///
/// Forms know only text, so what the Bot API declares as an object, an array or a chat's or message's number
/// is turned into that: a call looks the same whichever client made it.
struct CallParameters: Sendable, Equatable {
    private var values: JSON = .object([])

    init(_ members: [JSON.Member] = []) { values = .object(members) }

    /// - Throws: `BotAPIRefusal` when the body is not what its content type says.
    init(query: String?, contentType: String?, body: [UInt8]) throws(BotAPIRefusal) {
        var members = query.map(Self.urlencoded) ?? []
        let type = contentType ?? ""
        let media = type.prefix { $0 != ";" }.lowercased().trimmingSpace
        switch media {
        case _ where body.isEmpty: break
        case "application/json":
            guard case .object(let sent)? = try? JSON(parsing: body) else {
                throw .badRequest("can't parse the request body as a JSON object")
            }
            members += sent
        case "multipart/form-data":
            guard let parts = MultipartForm(contentType: type, body: body)?.parts else {
                throw .badRequest("can't parse the request body as multipart/form-data")
            }
            members += parts.map { JSON.Member(name: $0.name, value: $0.value).asDeclared }
        default:
            members += Self.urlencoded(String(decoding: body, as: UTF8.self))
        }
        values = .object(members)
    }

    /// As it is recorded and shown.
    var json: JSON { values }

    subscript(name: String) -> JSON? { values[name] }

    /// Text as it is, a number or boolean as its text; nil for anything else.
    func string(_ name: String) -> String? {
        switch values[name] {
        case .string(let text): text
        case .number(let text): text
        case .bool(let value): value ? "true" : "false"
        default: nil
        }
    }

    func integer(_ name: String) -> Int64? { string(name).flatMap { Int64($0) } }

    func flag(_ name: String) -> Bool { ["true", "1", "yes"].contains(string(name)?.lowercased()) }

    /// An array or object, be it sent as such or as its text.
    func structure(_ name: String) -> JSON? {
        switch values[name] {
        case .string(let text): try? JSON(parsing: text)
        case let value: value
        }
    }

    private static func urlencoded(_ text: String) -> [JSON.Member] {
        FormURLEncoding.pairs(in: text).map { JSON.Member(name: $0.0, value: .string($0.1)).asDeclared }
    }
}

extension JSON.Member {
    private static let numbers: Set = [
        "chat_id", "from_chat_id", "user_id", "message_id", "message_thread_id",
    ]
    private static let structures: Set = [
        "reply_markup", "entities", "caption_entities", "allowed_updates", "media", "reply_parameters",
        "link_preview_options", "options", "commands", "results", "prices", "permissions", "menu_button",
        "scope",
        "message_ids", "result", "rights", "reaction", "sticker", "stickers", "errors", "shipping_options",
    ]

    /// The form's text as the type that the Bot API declares for a parameter of this name.
    fileprivate var asDeclared: JSON.Member {
        guard case .string(let text) = value else { return self }
        if Self.numbers.contains(name), let number = Int64(text) {
            return JSON.Member(name: name, value: .integer(number))
        }
        if Self.structures.contains(name), let parsed = try? JSON(parsing: text) {
            return JSON.Member(name: name, value: parsed)
        }
        return self
    }
}
