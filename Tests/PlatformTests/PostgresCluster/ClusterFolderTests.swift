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

    @Test("Nor does it when its first start was cut short")
    func madeAnewTwice() throws {
        try Self.inPrivateFolder { root, others in
            let first = try Self.prepare(root + "/a/pg", others)
            _ = try ChildProcess.run(["rm", "-rf", "--", root + "/a"])
            let noAccount = ClusterAccount(user: 0, group: 0, prefix: [root + "/missing"])
            #expect(throws: SystemError.self) {
                try ClusterFolder.prepare(
                    root + "/a/pg", account: noAccount, logger: Self.logger, others: others)
            }

            let second = try Self.prepare(root + "/a/pg", others)
            let again = try Self.prepare(root + "/a/pg", others)

            #expect(second.hasPrefix(others))
            #expect(second != first)
            #expect(again == second)
        }
    }

    @Test("A folder that is half made by a start that was cut short is made by the next")
    func halfMade() throws {
        try Self.inPrivateFolder { root, others in
            #expect(mkdir(root + "/pg.new", 0o755) == 0)

            let first = try Self.prepare(root + "/pg", others)
            let again = try Self.prepare(root + "/pg", others)

            #expect(first.hasPrefix(others))
            #expect(again == first)
            #expect(access(root + "/pg.new", F_OK) != 0)
        }
    }

    @Test("A folder and its copy beside it have their own data each")
    func copyBeside() throws {
        try Self.inPrivateFolder { root, others in
            let first = try Self.prepare(root + "/a/pg", others)
            _ = try ChildProcess.run(["cp", "-a", root + "/a", root + "/b"])

            let copy = try Self.prepare(root + "/b/pg", others)
            let firstAgain = try Self.prepare(root + "/a/pg", others)
            let copyAgain = try Self.prepare(root + "/b/pg", others)

            #expect(copy.hasPrefix(others))
            #expect(copy != first)
            #expect(firstAgain == first)
            #expect(copyAgain == copy)
        }
    }

    @Test(
        "A copy that is put where another folder was does not come upon the data of that one, nor of its own origin"
    )
    func copyInPlaceOfAnother() throws {
        try Self.inPrivateFolder { root, others in
            let origin = try Self.prepare(root + "/a/pg", others)
            let replaced = try Self.prepare(root + "/b/pg", others)
            _ = try ChildProcess.run(["rm", "-rf", "--", root + "/b"])
            _ = try ChildProcess.run(["cp", "-a", root + "/a", root + "/b"])

            let copy = try Self.prepare(root + "/b/pg", others)
            let again = try Self.prepare(root + "/b/pg", others)

            #expect(copy.hasPrefix(others))
            #expect(copy != replaced)
            #expect(copy != origin)
            #expect(again == copy)
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
