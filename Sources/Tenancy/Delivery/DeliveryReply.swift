import Platform

/// A Bot API call in the answer to an update, as Telegram takes it from a webhook's answer
/// (core.telegram.org/bots/api#making-requests-when-getting-updates): a JSON object or a form with `method` among its
/// fields. Nothing else of an answer means anything.
struct DeliveryReply: Sendable, Equatable {
    /// Where it belongs in order: after what was asked for the same chat before.
    enum Chat: Sendable, Hashable {
        case number(Int64)
        /// `@name` of a channel.
        case name(String)
    }

    /// Bytes of an answer that are read when it may be one.
    static let limit = 65_536
    static let longestMethod = 64

    let method: String
    let chat: Chat?
    /// A JSON object of the other fields, the number of a chat left out.
    let parameters: [UInt8]

    /// - Returns: nil for what asks for nothing, which is most answers.
    init?(_ body: [UInt8], contentType: String?) {
        guard !body.isEmpty, let contentType else { return nil }
        let members: [JSONMember]?
        switch Self.essence(of: contentType) {
        case "application/json" where Self.hasMethod(body):
            guard case .object(let found)? = try? JSONValue(parsing: body) else { return nil }
            members = found
        case "application/x-www-form-urlencoded": members = Self.form(body)
        default: members = nil
        }
        guard let members else { return nil }
        self.init(members)
    }

    private init?(_ members: [JSONMember]) {
        guard case .string(let method)? = members.first(where: { $0.name == "method" })?.value,
            !method.isEmpty
        else { return nil }
        self.method = method
        chat = members.first { $0.name == "chat_id" }.flatMap { Self.chat($0.value) }
        var isNumber = false
        if case .number? = chat { isNumber = true }
        let rest = members.filter { $0.name != "method" && !(isNumber && $0.name == "chat_id") }
        parameters = JSONValue.object(rest).json
    }

    /// Why Telegram does not carry it out from an answer; nil when it does. Method names are in any case.
    var refusal: String? {
        let name = method.lowercased()
        guard name.utf8.count <= Self.longestMethod,
            name.utf8.allSatisfy({ (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) })
        else {
            return "this is no name of a method"
        }
        let isIgnored = name.hasPrefix("get") || Self.ignored.contains(name)
        return isIgnored ? "a call of this method in an answer is ignored, as Telegram does" : nil
    }

    private static let ignored: Set<String> = ["setwebhook", "deletewebhook", "close", "logout"]

    private static func chat(_ value: JSONValue) -> Chat? {
        switch value {
        case .number(let text): Int64(text).map { .number($0) }
        case .string(let text): Int64(text).map { .number($0) } ?? .name(text)
        default: nil
        }
    }

    private static func essence(of contentType: String) -> String {
        contentType.prefix { $0 != ";" }.filter { !$0.isWhitespace }.lowercased()
    }

    /// Without building anything: receivers answer every update.
    private static func hasMethod(_ body: [UInt8]) -> Bool {
        body.withUnsafeBufferPointer { text in
            var scanner = JSONScanner(text)
            guard scanner.take("{") else { return false }
            while let name = scanner.name() {
                if scanner.equals(name, "method") { return true }
                guard scanner.skipValue(), scanner.take(",") else { return false }
            }
            return false
        }
    }

    private static func form(_ body: [UInt8]) -> [JSONMember]? {
        guard let text = String(validating: body, as: UTF8.self), let query = HTTPQuery(text) else {
            return nil
        }
        var names: Set<String> = []
        return query.items.filter { names.insert($0.name).inserted }
            .map { JSONMember($0.name, .string($0.value)) }
    }
}
