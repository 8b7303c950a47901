import FoundationEssentials
import Platform

extension SealedColumn {
    /// What tenants own.
    package static let ofTenants: [SealedColumn] = [
        ofBots("token_sealed", .token),
        ofBots("webhook_secrets", .webhookSecret, holdsSeveral: true),
        ofConsumers("secrets_sealed", .signing, holdsSeveral: true),
        ofConsumers("telegram_secret_sealed", .telegramSecret),
        SealedColumn(
            "bot_import_item", "token_sealed",
            key: [.uuid("tenant_id"), .uuid("import_id"), .integer("place")]
        ) { key in
            guard let (tenant, batch) = owner(key), key.count == 3, let place = Int(key[2]) else {
                return nil
            }
            return ImportSecrets.binding(
                BotImportItem.Key(tenant: ID<Tenant>(tenant), batch: ID<BotImport>(batch), place: place))
        },
    ]

    private static func ofBots(
        _ column: String, _ purpose: BotSecrets.Purpose, holdsSeveral: Bool = false
    ) -> SealedColumn {
        SealedColumn(
            "bot", column, key: [.uuid("tenant_id"), .uuid("id")], holdsSeveral: holdsSeveral
        ) { key in
            owner(key).map { BotSecrets.binding(purpose, ID<Bot>($0.1), ID<Tenant>($0.0)) }
        }
    }

    private static func ofConsumers(
        _ column: String, _ purpose: ConsumerSecrets.Purpose, holdsSeveral: Bool = false
    ) -> SealedColumn {
        SealedColumn(
            "consumer", column, key: [.uuid("tenant_id"), .uuid("id")], holdsSeveral: holdsSeveral
        ) { key in
            owner(key).map { ConsumerSecrets.binding(purpose, ID<Consumer>($0.1), ID<Tenant>($0.0)) }
        }
    }

    /// The tenant, and what is its own.
    private static func owner(_ key: [String]) -> (UUID, UUID)? {
        guard key.count >= 2, let tenant = UUID(uuidString: key[0]), let id = UUID(uuidString: key[1]) else {
            return nil
        }
        return (tenant, id)
    }
}
