import FoundationEssentials
import Platform

/// What the platform reads of an update; the rest is kept as it came.
package struct UpdateHead: Sendable, Equatable {
    package enum Fault: Error, Equatable {
        case notJSON, notAnObject, noUpdateID
    }

    package let updateID: Int64
    /// The name of the one member beside `update_id`; `unknown` when there is none.
    package let kind: String
    /// The key of Telegram's own ordering: updates of one lane are delivered one at a time, in order.
    package let lane: String
    package let chatID: Int64?
    /// nil for kinds that do not go stale within a day.
    package let timeToLive: Duration?
}

extension UpdateHead {
    func ofKind(_ kind: String) -> UpdateHead {
        UpdateHead(updateID: updateID, kind: kind, lane: lane, chatID: chatID, timeToLive: timeToLive)
    }

    /// Reads an update as Telegram sends it. Unknown kinds, members and shapes are accepted.
    package init(parsing body: [UInt8]) throws(Fault) {
        if let head = UpdateHead(skimming: body) { self = head } else { try self.init(decoding: body) }
    }

    init(decoding body: [UInt8]) throws(Fault) {
        do {
            self = try JSONDecoder().decode(UpdateHead.self, from: Data(body))
        } catch let fault as Fault {
            throw fault
        } catch DecodingError.typeMismatch, DecodingError.valueNotFound {
            throw .notAnObject
        } catch {
            throw .notJSON
        }
    }
}

extension UpdateHead: Decodable {
    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: MemberName.self)
        // A number that does not fit would otherwise look like text that is not JSON.
        guard let updateID = try? members.decode(Int64.self, forKey: MemberName("update_id")) else {
            throw Fault.noUpdateID
        }
        self.updateID = updateID
        let kinds = members.allKeys.map(\.stringValue).filter {
            $0 != "update_id" && $0 != UpdateKind.adminCommand && Self.isStorable($0)
        }
        kind = kinds.first { UpdateKind.ordering(of: $0) != nil } ?? kinds.min() ?? "unknown"
        let ordering = UpdateKind.ordering(of: kind)
        // Most updates are messages, and of those the chat is all that counts.
        let subject =
            ordering == .chat
            ? (try? members.decode(UpdateSubject.InChat.self, forKey: MemberName(kind))).map(
                UpdateSubject.init)
            : try? members.decode(UpdateSubject.self, forKey: MemberName(kind))
        chatID = subject?.chat ?? subject?.messageChat
        lane = Self.bounded(Self.lane(of: kind, ordering, subject))
        timeToLive = UpdateKind.timeToLive(of: kind)
    }

    /// NUL fits into no text of PostgreSQL's.
    fileprivate static func isStorable(_ text: String) -> Bool { !text.utf8.contains(0) }

    /// Lanes are keys of an index, which takes no more than a third of a page.
    private static let laneLimit = 200

    /// A name too long, such as Telegram never makes, gives way to its hash.
    private static func bounded(_ lane: String) -> String {
        guard lane.utf8.count > laneLimit else { return lane }
        return "sha256:" + SHA256.hex(lane.utf8)
    }

    private static func lane(
        of kind: String, _ ordering: UpdateKind.Ordering?, _ subject: UpdateSubject?
    ) -> String {
        switch ordering {
        case .chat: subject?.chat.map { "chat:\($0)" } ?? kind
        case .poll: subject?.poll.map { "poll:\($0)" } ?? kind
        case .kindAndUser: subject?.user.map { "\(kind):\($0)" } ?? kind
        case .kindAndChat: subject?.chat.map { "\(kind):\($0)" } ?? kind
        case nil: (subject?.chat ?? subject?.user ?? subject?.messageChat).map { "\(kind):\($0)" } ?? kind
        }
    }
}

/// The ids within an update that decide its lane. A member of an unexpected type counts as absent.
private struct UpdateSubject: Decodable {
    let chat: Int64?
    let user: Int64?
    let poll: String?
    /// The chat of the message that a button belongs to.
    let messageChat: Int64?

    struct Identified: Decodable { let id: Int64 }
    struct InChat: Decodable { let chat: Identified }
    private struct Message: Decodable { let chat: Identified }
    private enum Member: String, CodingKey {
        case chat, from, user, id, message
        case pollID = "poll_id"
    }

    init(_ subject: InChat) {
        chat = subject.chat.id
        user = nil
        poll = nil
        messageChat = nil
    }

    init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: Member.self)
        func identifier(_ member: Member) -> Int64? {
            guard members.contains(member) else { return nil }
            return (try? members.decode(Identified.self, forKey: member))?.id
        }
        chat = identifier(.chat)
        user = identifier(.from) ?? identifier(.user)
        let text = members.contains(.pollID) ? try? members.decode(String.self, forKey: .pollID) : nil
        let found = text ?? (members.contains(.id) ? try? members.decode(String.self, forKey: .id) : nil)
        poll = found.flatMap { UpdateHead.isStorable($0) ? $0 : nil }
        messageChat =
            members.contains(.message)
            ? (try? members.decode(Message.self, forKey: .message))?.chat.id : nil
    }
}

private struct MemberName: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}
