import Platform

extension Bot {
    /// A bot with its token in the clear.
    package struct Stored: Sendable {
        package let bot: Bot
        package let token: BotToken
    }

    /// Every tenant's bots whose tokens can be opened. For `rookery dev`, whose sandbox has to be told of them.
    package static func stored(box: BotSecrets, in tx: PlatformTransaction) async throws -> [Stored] {
        let rows = try await tx.all(
            "SELECT \(columns), token_sealed FROM bot WHERE status <> 'deleted' ORDER BY id", as: Sealed.self)
        return rows.compactMap { row in
            row.token
                .flatMap { try? box.open($0, .token, of: row.bot.id, row.bot.tenant) }
                .flatMap(BotToken.init)
                .map { Stored(bot: row.bot, token: $0) }
        }
    }

    private struct Sealed: RowDecodable {
        let bot: Bot
        let token: [UInt8]?

        init(row: inout Row) throws {
            bot = try Bot(row: &row)
            token = try row.next()
        }
    }
}
