import Glibc

/// One file `NNNN_topic.sql`: prose on top, then `-- up` and what it does, then `-- down` and what undoes it.
package struct Migration: Sendable, Equatable {
    package let version: Int
    /// The topic in the file's name.
    package let name: String
    package let up: String
    package let down: String
    /// SHA-256 of the up part, in hexadecimal: what was applied must not change.
    package let checksum: String

    package var fileName: String { Self.fileName(version, name) }

    static func fileName(_ version: Int, _ name: String) -> String {
        let digits = String(version)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "_\(name).sql"
    }

    /// - Throws: `MigrationError.malformed`.
    init(fileName: String, text: String) throws {
        guard let match = fileName.wholeMatch(of: #/(\d{4,9})_([a-z0-9_]+)\.sql/#), let version = Int(match.1) else {
            throw MigrationError.malformed(file: fileName, reason: "its name is not NNNN_topic.sql")
        }
        self.version = version
        name = String(match.2)
        var part: Int?
        var parts = ["", ""]
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            switch line.drop(while: \.isWhitespace).lowercased().trimmingTail {
            case "-- up" where part == nil: part = 0
            case "-- down" where part == 0: part = 1
            case "-- up", "-- down":
                throw MigrationError.malformed(file: fileName, reason: "\"-- up\" and then \"-- down\", once each")
            default: if let part { parts[part] += line + "\n" }
            }
        }
        guard part == 1 else {
            throw MigrationError.malformed(file: fileName, reason: "it needs a line \"-- up\" and a line \"-- down\"")
        }
        (up, down) = (parts[0], parts[1])
        checksum = SHA256.hex(up.utf8)
    }
}

extension String {
    fileprivate var trimmingTail: String { String(reversed().drop(while: \.isWhitespace).reversed()) }
}

/// Why migrations are refused. Each says which file, and what to do.
package enum MigrationError: Error, Sendable, Equatable, CustomStringConvertible {
    case noDirectory(String)
    case malformed(file: String, reason: String)
    case duplicateVersion(Int)
    case changed(file: String)
    case missing(file: String)
    case outOfOrder(file: String, applied: Int)
    case endsTransaction(file: String)
    case failed(file: String, reason: String)
    case invalidName(String)

    package var description: String {
        switch self {
        case .noDirectory(let path): "no migrations folder at \(path)"
        case .malformed(let file, let reason): "migration \(file): \(reason)"
        case .duplicateVersion(let version): "two migrations have the version \(version); renumber one"
        case .changed(let file):
            "migration \(file) was changed after it was applied; restore it and write a new migration instead"
        case .missing(let file): "migration \(file) was applied but its file is missing; restore it"
        case .outOfOrder(let file, let applied):
            "migration \(file) is older than \(applied), which is applied already; give it a later number"
        case .endsTransaction(let file): "migration \(file) ends its transaction; take COMMIT and ROLLBACK out of it"
        case .failed(let file, let reason): "migration \(file) failed and was rolled back: \(reason)"
        case .invalidName(let name): "\(name): a migration's name is made of a-z, 0-9 and _"
        }
    }
}
