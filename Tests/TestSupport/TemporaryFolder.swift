import FoundationEssentials
import Glibc

/// A folder of a test's own under /tmp that any user may enter.
package struct TemporaryFolder: Sendable {
    package let path: String

    package init() throws {
        path = "/tmp/rookery-test-" + UUID().uuidString.lowercased()
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        chmod(path, 0o755)
    }

    package func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(filePath: "\(path)/\(name)"))
    }

    package func read(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
    }

    package func delete(_ name: String) throws { try FileManager.default.removeItem(atPath: "\(path)/\(name)") }

    package func remove() { try? FileManager.default.removeItem(atPath: path) }
}
