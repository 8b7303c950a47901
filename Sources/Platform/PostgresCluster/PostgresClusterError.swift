/// Why there is no private PostgreSQL. Each says what to do or where to look.
package enum PostgresClusterError: Error, Sendable, CustomStringConvertible {
    case noServerPackage
    case noUnprivilegedUser
    case initializing(String)
    case passwordFileMissing(String)
    case notReady(log: String, lastWords: String)
    case unknownLeftover(process: Int32)

    package var description: String {
        switch self {
        case .noServerPackage:
            "no PostgreSQL server (14 to 17) is installed; install the package postgresql, for example with script/setup"
        case .noUnprivilegedUser: "PostgreSQL does not run as root, and there is no user postgres or nobody"
        case .initializing(let output): "initdb failed: \(output)"
        case .passwordFileMissing(let path): "\(path) is missing; put it back, or remove its folder to start afresh"
        case .notReady(let log, let lastWords): "PostgreSQL does not start; see \(log): \(lastWords)"
        case .unknownLeftover(let process): "process \(process), a PostgreSQL on the same data, does not stop; end it"
        }
    }
}
