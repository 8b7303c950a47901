import Platform

/// The users' side: what happens in Telegram that a bot hears of.
extension Sandbox {
    /// An update that was made, and whether the bot is to get it.
    package struct Happening: Sendable, Equatable {
        package let updateID: Int64
        /// False when the bot's `allowed_updates` leave the kind out: the update is lost, as with Telegram.
        package let isAllowed: Bool
        package let lane: String
        /// nil for updates that bring no message.
        package var messageID: Int64?
        package var callbackQueryID: String?
    }

    /// A user writes to the bot.
    /// - Parameter chat: the private chat with the user when nil; below zero a group.
    /// - Throws: `SandboxError`
    package func write(
        _ text: String, to telegramID: Int64, user: Int64 = 1001, chat: Int64? = nil, firstName: String? = nil
    ) throws(SandboxError) -> Happening {
        let bot = try bot(telegramID)
        let chat = chat ?? user
        let name = firstName ?? bot.chats[user].firstName ?? "User \(user)"
        let composer = UpdateComposer(bot: bot.profile, now: clock.now)
        let id = bot.takeMessageID()
        let message = composer.message(
            id, text: text, from: composer.user(user, firstName: name),
            in: composer.chat(chat, firstName: name))
        bot.chats.met(name, in: user)
        var happening = try enqueue(message, kind: UpdateKind(name: "message"), to: bot)
        happening.messageID = id
        return happening
    }

    /// A user presses a button of the bot's last message in the chat.
    /// - Throws: `SandboxError`
    package func press(
        _ data: String, to telegramID: Int64, user: Int64 = 1001, chat: Int64? = nil, messageID: Int64? = nil
    ) throws(SandboxError) -> Happening {
        let bot = try bot(telegramID)
        let chat = chat ?? user
        let name = bot.chats[user].firstName ?? "User \(user)"
        let composer = UpdateComposer(bot: bot.profile, now: clock.now)
        var message = bot.chats[chat].lastFromBot
        if message == nil || (messageID != nil && message?["message_id"]?.integerValue != messageID) {
            message = composer.message(
                messageID ?? 1, text: "Choose", from: composer.botUser,
                in: composer.chat(chat, firstName: name))
        }
        let query = String(UInt64.random(in: 1 << 60...1 << 62, using: &random))
        let content = composer.callbackQuery(
            query, data: data, from: composer.user(user, firstName: name), on: message ?? .null, chat: chat)
        var happening = try enqueue(content, kind: UpdateKind(name: "callback_query"), to: bot)
        happening.callbackQueryID = query
        return happening
    }

    /// Any update, of kinds unknown too: an object with one field, named as the kind.
    /// - Throws: `SandboxError`
    func inject(_ update: JSON, to telegramID: Int64) throws(SandboxError) -> Happening {
        let bot = try bot(telegramID)
        guard case .object(let members) = update else { throw .invalid(field: "", "must be an object") }
        if members.contains(where: { $0.name == "update_id" }) {
            throw .invalid(field: "update_id", "is given by the sandbox")
        }
        guard members.count == 1, let member = members.first, case .object = member.value else {
            throw .invalid(field: "", "must have exactly one field, an object, named as the kind of update")
        }
        return try enqueue(member.value, kind: UpdateKind(name: member.name), to: bot)
    }

    private func enqueue(
        _ content: JSON, kind: UpdateKind, to bot: SandboxBot
    ) throws(SandboxError) -> Happening {
        guard !isStopped else { throw .stopped }
        guard bot.pending.count < configuration.pendingLimit else { throw .tooManyPendingUpdates }
        let update = PendingUpdate(id: bot.takeUpdateID(), kind: kind, content: content, at: clock.now)
        let isAllowed = bot.allowedUpdates.contains(kind)
        if isAllowed {
            bot.pending.append(update)
            bot.lanes.add(update.lane)
            endPoll(of: bot, with: nil)
            pump(bot)
        }
        return Happening(updateID: update.id, isAllowed: isAllowed, lane: update.lane.description)
    }
}
