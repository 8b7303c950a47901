/// The settings that `rookery dev` makes, unless they are given.
enum DevEnvironment {
    static func variables(
        _ folder: DevFolder, _ database: DevDatabase, sandbox: String?
    ) throws -> [String: String] {
        var variables = [
            "ROOKERY_ENV": "development",
            "DATABASE_URL": database.url,
            "DATABASE_OWNER_URL": database.ownerURL,
            "ROOKERY_MASTER_KEY": try folder.masterKey(),
            "ROOKERY_LOG_FORMAT": "text",
        ]
        variables["ROOKERY_TELEGRAM_API_URL"] = sandbox
        return variables
    }

    /// With these `rookery serve` starts another node on the same database.
    /// - Parameter url: where Telegram reaches this installation: all nodes set the same webhooks.
    static func anotherNode(_ settings: Settings, masterKey: String, url: String?) -> [(String, String)] {
        [
            ("ROOKERY_ENV", "development"), ("DATABASE_URL", settings.databaseURL),
            ("DATABASE_OWNER_URL", settings.databaseOwnerURL ?? ""), ("ROOKERY_MASTER_KEY", masterKey),
            ("ROOKERY_TELEGRAM_API_URL", settings.telegramAPIURL), ("ROOKERY_LISTEN", "127.0.0.1:0"),
            ("ROOKERY_ADMIN_LISTEN", "127.0.0.1:0"), ("ROOKERY_ALLOW_PRIVATE_DESTINATIONS", "on"),
        ] + (url.map { [("ROOKERY_PUBLIC_URL", $0)] } ?? [])
    }
}
