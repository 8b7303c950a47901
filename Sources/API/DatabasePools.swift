import Platform
import Tenancy

/// The connections of one event loop, by what they are for.
enum DatabasePools {
    static func make(_ settings: Settings, loop: EventLoop, runtime: Runtime) throws -> Database {
        func pool(_ name: String, role: String?, limit: Int) throws -> PostgresPool {
            var configuration = try configuration(settings, name: name)
            configuration.role = role
            return PostgresPool(
                loop: loop, configuration: configuration, limit: limit, waitLimit: 1000,
                waitTimeout: .seconds(5),
                blocking: runtime.blocking, logger: runtime.logger, metrics: runtime.metrics)
        }
        let system = "rookery_system"
        return Database(
            tenants: try pool("rookery-tenants", role: nil, limit: 6),
            system: try pool("rookery-system", role: system, limit: 4),
            // A loop writes one batch at a time; the other takes over while a broken one hangs.
            append: try pool("rookery-append", role: system, limit: 2),
            // Only the first loop has a use for it.
            upkeep: try pool("rookery-upkeep", role: system, limit: 1),
            accounts: try pool("rookery-accounts", role: system, limit: 2),
            callers: try pool("rookery-callers", role: system, limit: 1),
            jobs: try pool("rookery-jobs", role: system, limit: 2))
    }

    static func configuration(_ settings: Settings, name: String) throws -> PostgresConfiguration {
        var configuration = try PostgresConfiguration(url: settings.databaseURL)
        configuration.applicationName = name
        return configuration
    }
}
