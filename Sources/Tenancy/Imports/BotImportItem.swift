import Platform

/// One bot of an import.
///
/// It waits until its turn comes. Then its token is examined, the bot stored and named here, and its webhook set; only
/// then it is registered. When the program dies on the way it waits as before, and the next try goes on with the bot
/// that is named. The token is wiped as soon as it waits no more.
package struct BotImportItem: Sendable {
    package enum Status: String, Sendable, PostgresCodable, CaseIterable {
        case waiting, registered, failed, cancelled
    }

    /// Why it failed, as the API tells it.
    package struct Fault: Sendable, Equatable {
        package let code: String
        package let detail: String
    }

    struct Key: Sendable, Hashable {
        let tenant: ID<Tenant>
        let batch: ID<BotImport>
        let place: Int
    }

    /// In the import, from 0.
    package let place: Int
    package let telegramID: Int64
    package let name: String?
    package let status: Status
    package let bot: ID<Bot>?
    package let fault: Fault?
    package let updatedAt: Timestamp
}

extension BotImportItem: RowDecodable {
    static let columns: SQL = "place, telegram_id, name, status, bot_id, error_code, error_detail, updated_at"

    package init(row: inout Row) throws {
        place = Int(try row.next(Int32.self))
        telegramID = try row.next()
        name = try row.next()
        status = try row.next()
        bot = try row.next()
        let (code, detail) = (try row.next(String?.self), try row.next(String?.self))
        fault = code.map { Fault(code: $0, detail: detail ?? "") }
        updatedAt = try row.next()
    }
}

extension BotImportItem.Key: RowDecodable {
    static let columns: SQL = "tenant_id, import_id, place"

    init(row: inout Row) throws {
        tenant = try row.next()
        batch = try row.next()
        place = Int(try row.next(Int32.self))
    }
}
