import FoundationEssentials
import Platform

/// Many bots to be connected, at the pace that Telegram allows.
package struct BotImport: Sendable, Identified {
    package static let prefix = "import"

    package enum Status: String, Sendable, PostgresCodable, CaseIterable { case running, finished, cancelled }

    /// What its bots get, all of them.
    package struct Settings: Sendable {
        package var mode: Bot.Mode
        package var maxConnections: Int?
        package var allowedUpdates: [String]?
        package var isAutoRefreshed = true
        package var takesOver = false

        package init(mode: Bot.Mode) { self.mode = mode }

        func applied(to new: Bot.New) -> Bot.New {
            var new = new
            new.webhook.maxConnections = maxConnections
            new.webhook.allowedUpdates = allowedUpdates
            new.isAutoRefreshed = isAutoRefreshed
            new.takesOver = takesOver
            return new
        }
    }

    package let id: ID<BotImport>
    package let tenant: ID<Tenant>
    package let status: Status
    package let settings: Settings
    package let total: Int
    package let registered: Int
    package let failed: Int
    package let createdAt: Timestamp
    package let updatedAt: Timestamp

    /// What was cancelled waits no more.
    package var waiting: Int { status == .running ? total - registered - failed : 0 }
}

extension BotImport: RowDecodable {
    static let columns: SQL =
        """
        id, tenant_id, status, mode, max_connections, allowed_updates, auto_refresh, take_over, total, registered,
        failed, created_at, updated_at
        """

    package init(row: inout Row) throws {
        id = try row.next()
        tenant = try row.next()
        status = try row.next()
        settings = try Settings(row: &row)
        total = Int(try row.next(Int32.self))
        registered = Int(try row.next(Int32.self))
        failed = Int(try row.next(Int32.self))
        createdAt = try row.next()
        updatedAt = try row.next()
    }
}

extension BotImport.Settings {
    static let columns: SQL = "mode, max_connections, allowed_updates, auto_refresh, take_over"

    init(row: inout Row) throws {
        mode = try row.next()
        maxConnections = try row.next(Int32?.self).map { Int($0) }
        allowedUpdates = try row.next()
        isAutoRefreshed = try row.next()
        takesOver = try row.next()
    }
}

/// Seals the tokens of bots that wait to be connected, bound to tenant, import and place.
struct ImportSecrets: Sendable {
    private let box: SecretBox

    init(_ box: SecretBox) { self.box = box }

    func seal(_ token: BotToken, of item: BotImportItem.Key) throws -> [UInt8] {
        try box.seal(Array(token.secret.utf8), for: Self.binding(item))
    }

    /// - Returns: nil when the master key is not the one it was sealed with.
    func open(_ sealed: [UInt8], of item: BotImportItem.Key) -> BotToken? {
        (try? box.open(sealed, for: Self.binding(item))).flatMap {
            BotToken(String(decoding: $0, as: UTF8.self))
        }
    }

    static func binding(_ item: BotImportItem.Key) -> [UInt8] {
        Array("\(item.tenant)/\(item.batch)/\(item.place)/token".utf8)
    }
}
