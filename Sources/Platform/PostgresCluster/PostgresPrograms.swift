import Glibc

/// Where the programs of the server package are.
struct PostgresPrograms: Sendable {
    static let versions = [17, 16, 15, 14]

    let folder: String
    var initdb: String { folder + "/initdb" }
    var postgres: String { folder + "/postgres" }

    /// Debian's and Ubuntu's places, the newest version first, then PATH.
    /// - Parameter version: what existing data needs; any when nil.
    static func find(version: Int? = nil) -> PostgresPrograms? {
        let usual = versions.filter { version == nil || $0 == version }.map { "/usr/lib/postgresql/\($0)/bin" }
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        let folders = usual + path.split(separator: ":").map(String.init)
        return folders.map(PostgresPrograms.init(folder:)).first {
            access($0.initdb, X_OK) == 0 && access($0.postgres, X_OK) == 0
        }
    }
}
