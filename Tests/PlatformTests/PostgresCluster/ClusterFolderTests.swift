import Glibc
import TestSupport
import Testing

@testable import Platform

/// Only root has a user of its own for PostgreSQL, who cannot get everywhere.
@Suite("The folder of a private PostgreSQL", .enabled(if: geteuid() == 0))
struct ClusterFolderTests {
    private static let logger = Logger(minimum: .error)

    @Test(
        "Where its user cannot get, the data is elsewhere: the same place at every start, another for a copy")
    func elsewhere() throws {
        try Self.inPrivateFolder { root, others in
            let first = try Self.prepare(root + "/a/pg", others)
            let again = try Self.prepare(root + "/a/pg", others)
            #expect(rename(root + "/a", root + "/b") == 0)
            let moved = try Self.prepare(root + "/b/pg", others)

            #expect(first.hasPrefix(others))
            #expect(again == first)
            #expect(moved.hasPrefix(others))
            #expect(moved != first)
        }
    }

    @Test("A folder removed and made anew does not come upon the data of the one before")
    func madeAnew() throws {
        try Self.inPrivateFolder { root, others in
            let first = try Self.prepare(root + "/a/pg", others)
            _ = try ChildProcess.run(["rm", "-rf", "--", root + "/a"])
            let second = try Self.prepare(root + "/a/pg", others)
            let again = try Self.prepare(root + "/a/pg", others)

            #expect(second.hasPrefix(others))
            #expect(second != first)
            #expect(again == second)
        }
    }

    @Test("One of an earlier version, which noted nothing, keeps its data")
    func earlierVersion() throws {
        try Self.inPrivateFolder { root, others in
            let first = try Self.prepare(root + "/a/pg", others)
            #expect(unlink(root + "/a/pg/elsewhere") == 0)
            let second = try Self.prepare(root + "/a/pg", others)

            #expect(second == first)
        }
    }

    private static func prepare(_ wanted: String, _ others: String) throws -> String {
        try ClusterFolder.prepare(wanted, account: .current(), logger: logger, others: others).path
    }

    private static func inPrivateFolder(_ body: (_ root: String, _ others: String) throws -> Void) throws {
        let (root, others) = (try TemporaryFolder(), try TemporaryFolder())
        defer {
            root.remove()
            others.remove()
        }
        guard chmod(root.path, 0o700) == 0, chmod(others.path, 0o755) == 0 else {
            throw SystemError.last("chmod")
        }
        try body(root.path, others.path)
    }
}
