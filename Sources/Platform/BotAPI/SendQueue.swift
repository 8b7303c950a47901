/// One bot's messages that wait to be sent, and when each may go. Pure: told what time it is.
///
/// A chat's messages go one after the other, in order; chats take turns. A chat is in one of four states:
///
///     quiet ──add──▶ ready ──next──▶ sending ──finished, more waits──▶ resting ──time──▶ ready
///                                       └──────finished, none waits──▶ quiet
///
/// (From quiet it goes by way of resting when it was sent to just before.)
struct SendQueue<Message> {
    struct Full: Error {}

    private struct Chat {
        var messages: [Message] = []
        var isSending = false
        /// Ready or resting.
        var isListed = false
        /// The times of the last ones, oldest first: as many as the limits ask about.
        var sent: [ContinuousClock.Instant] = []
    }

    private static var pruneEvery: Int { 256 }

    private let limits: SendLimits
    private var chats: [Int64: Chat] = [:]
    /// Chats whose turn it is, in order.
    private var ready: [Int64] = []
    /// Chats that must wait, the first to be ready first.
    private var resting: [(until: ContinuousClock.Instant, chat: Int64)] = []
    private var sent: [ContinuousClock.Instant] = []
    private var heldUntil: ContinuousClock.Instant?
    private var sinceLastPrune = 0
    private(set) var count = 0

    init(limits: SendLimits = SendLimits()) { self.limits = limits }

    // MARK: In and out

    /// - Throws: `Full`
    mutating func add(_ message: Message, to chat: Int64, at now: ContinuousClock.Instant) throws {
        guard count < limits.waiting, chats[chat]?.messages.count ?? 0 < limits.waitingInChat else {
            throw Full()
        }
        chats[chat, default: Chat()].messages.append(message)
        count += 1
        list(chat, at: now)
    }

    /// Puts a message that was not taken back to where it was, before the others. Call before `finished`.
    mutating func putBack(_ message: Message, to chat: Int64) {
        chats[chat, default: Chat()].messages.insert(message, at: 0)
        count += 1
    }

    /// The next message that may go now, which counts as sent; call `finished` when it was answered.
    mutating func next(at now: ContinuousClock.Instant) -> (chat: Int64, message: Message)? {
        wakeRested(at: now)
        guard isOpen(at: now) else { return nil }
        while !ready.isEmpty {
            let chat = ready.removeFirst()
            chats[chat]?.isListed = false
            // Those it was listed for may have been removed.
            guard var entry = chats.removeValue(forKey: chat) else { continue }
            guard !entry.messages.isEmpty else {
                chats[chat] = entry
                continue
            }
            let message = entry.messages.removeFirst()
            count -= 1
            entry.isSending = true
            note(now, in: &entry.sent, keeping: Self.isGroup(chat) ? limits.perMinuteInGroup : 1)
            note(now, in: &sent, keeping: limits.perSecond)
            chats[chat] = entry
            return (chat, message)
        }
        return nil
    }

    mutating func finished(_ chat: Int64, at now: ContinuousClock.Instant) {
        chats[chat]?.isSending = false
        list(chat, at: now)
        sinceLastPrune += 1
        if sinceLastPrune >= Self.pruneEvery { prune(at: now) }
    }

    /// Nothing goes before: Telegram asked for it.
    mutating func hold(until end: ContinuousClock.Instant) { heldUntil = max(end, heldUntil ?? end) }

    /// Takes out what waits and need not any more.
    mutating func remove(where isUseless: (Message) -> Bool) -> [Message] {
        var removed: [Message] = []
        for (chat, entry) in chats where entry.messages.contains(where: isUseless) {
            removed += entry.messages.filter(isUseless)
            chats[chat]?.messages.removeAll(where: isUseless)
        }
        count -= removed.count
        return removed
    }

    // MARK: When

    /// When `next` has something, if nothing is added or finished before; nil for never.
    func nextTime(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        guard let chat = ready.isEmpty ? resting.first?.until : now else { return nil }
        return max(chat, heldUntil ?? chat, roomAt ?? chat)
    }

    /// Nothing waits, is being sent, or was sent so lately that it counts.
    mutating func isForgettable(at now: ContinuousClock.Instant) -> Bool {
        prune(at: now)
        return chats.isEmpty && (heldUntil ?? now) <= now && sent.allSatisfy { $0 + .seconds(1) <= now }
    }

    private func isOpen(at now: ContinuousClock.Instant) -> Bool {
        (heldUntil ?? now) <= now && (roomAt ?? now) <= now
    }

    /// When the bot may send again; nil when it has not sent as many as may go in a second.
    private var roomAt: ContinuousClock.Instant? {
        sent.count < limits.perSecond ? nil : sent.first.map { $0 + .seconds(1) }
    }

    /// Groups have negative numbers; so do channels, for which the same limit is safe.
    private static func isGroup(_ chat: Int64) -> Bool { chat < 0 }

    private func openTime(of chat: Int64, _ entry: Chat) -> ContinuousClock.Instant? {
        guard let last = entry.sent.last, let first = entry.sent.first else { return nil }
        let next = last + limits.chatInterval
        guard Self.isGroup(chat), entry.sent.count >= limits.perMinuteInGroup else { return next }
        return max(next, first + .seconds(60))
    }

    // MARK: Steps

    private mutating func list(_ chat: Int64, at now: ContinuousClock.Instant) {
        guard let entry = chats[chat], !entry.messages.isEmpty, !entry.isSending, !entry.isListed else {
            return
        }
        chats[chat]?.isListed = true
        guard let time = openTime(of: chat, entry), time > now else { return ready.append(chat) }
        let place = resting.firstIndex { $0.until > time } ?? resting.endIndex
        resting.insert((time, chat), at: place)
    }

    private mutating func wakeRested(at now: ContinuousClock.Instant) {
        let rested = resting.prefix { $0.until <= now }
        ready.append(contentsOf: rested.map(\.chat))
        resting.removeFirst(rested.count)
    }

    private func note(
        _ now: ContinuousClock.Instant, in times: inout [ContinuousClock.Instant], keeping count: Int
    ) {
        times.append(now)
        if times.count > count { times.removeFirst(times.count - count) }
    }

    /// Forgets chats that were not sent to for so long that no limit asks about it.
    private mutating func prune(at now: ContinuousClock.Instant) {
        sinceLastPrune = 0
        chats = chats.filter { chat, entry in
            guard entry.messages.isEmpty, !entry.isSending, !entry.isListed else { return true }
            let memory = Self.isGroup(chat) ? max(.seconds(60), limits.chatInterval) : limits.chatInterval
            return entry.sent.last.map { $0 + memory > now } ?? false
        }
    }
}
