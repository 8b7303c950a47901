import Platform
import TestSupport
import Testing

@Suite("Migrator", .timeLimit(.minutes(10)))
struct MigratorTests {
    @Test("Goes up, tells its status, and goes down again, in order")
    func upStatusDown() async throws {
        try await Fixture.with { fixture in
            let before = try await fixture.migrator.status()
            let applied = try await fixture.migrator.up()
            let again = try await fixture.migrator.up()
            let after = try await fixture.migrator.status()
            let undone = try await fixture.migrator.down(1)
            let tables = try await fixture.tables()

            #expect(before.map(\.state) == [.pending, .pending])
            #expect(applied.map(\.fileName) == ["0001_birds.sql", "0002_nests.sql"])
            #expect(again.isEmpty)
            #expect(after.map(\.state) == [.applied, .applied])
            #expect(undone.map(\.version) == [2])
            #expect(tables == ["bird", "schema_migration"])
        }
    }

    @Test("Refuses a file that was changed, and one that is missing, before anything runs")
    func changedAndMissing() async throws {
        try await Fixture.with { fixture in
            try await fixture.migrator.up()
            try fixture.folder.write(
                "0003_eggs.sql", "-- up\nCREATE TABLE egg (id int8);\n-- down\nDROP TABLE egg;\n")
            try fixture.folder.write("0001_birds.sql", "-- up\nCREATE TABLE bird (id int4);\n-- down\n")

            await #expect(throws: MigrationError.changed(file: "0001_birds.sql")) {
                try await fixture.migrator.up()
            }
            let changed = try await fixture.migrator.status().map(\.state)
            try fixture.folder.delete("0001_birds.sql")
            await #expect(throws: MigrationError.missing(file: "0001_birds.sql")) {
                try await fixture.migrator.down()
            }
            let missing = try await fixture.migrator.status().map(\.state)

            #expect(changed == [.changed, .applied, .pending])
            #expect(missing == [.missing, .applied, .pending])
            let tables = try await fixture.tables()
            #expect(tables == ["bird", "nest", "schema_migration"])
        }
    }

    @Test("A migration that fails leaves nothing of itself")
    func failuresRollBack() async throws {
        try await Fixture.with { fixture in
            try fixture.folder.write(
                "0003_eggs.sql",
                "-- up\nCREATE TABLE egg (id int8);\nSELECT 1 / 0;\n-- down\nDROP TABLE egg;\n")

            await #expect(
                throws: MigrationError.failed(file: "0003_eggs.sql", reason: "22012: division by zero")
            ) {
                try await fixture.migrator.up()
            }

            let tables = try await fixture.tables()
            #expect(tables == ["bird", "nest", "schema_migration"])
        }
    }

    @Test("Several nodes at once apply each migration once")
    func concurrentNodes() async throws {
        try await Fixture.with { fixture in
            let counts = try await withThrowingTaskGroup(of: Int.self, returning: [Int].self) { group in
                for _ in 0..<2 { group.addTask { try await fixture.migrator.up().count } }
                return try await group.reduce(into: []) { $0.append($1) }
            }

            #expect(counts.sorted() == [0, 2])
        }
    }

    @Test("A new migration takes the next number and is complete")
    func newFile() async throws {
        try await Fixture.with { fixture in
            let folder = MigrationFolder(path: fixture.folder.path)

            let path = try folder.create("feathers")

            #expect(path.hasSuffix("/0003_feathers.sql"))
            let last = try folder.read().last
            #expect(last?.name == "feathers")
            #expect(throws: MigrationError.invalidName("../x")) { try folder.create("../x") }
        }
    }

    private struct Fixture: Sendable {
        let database: TestDatabase
        let folder: TemporaryFolder
        let migrator: Migrator

        static func with(_ body: (Fixture) async throws -> Void) async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            try folder.write(
                "0001_birds.sql",
                "Prose on top.\n\n-- up\nCREATE TABLE bird (id int8);\nINSERT INTO bird VALUES (1);\n-- down\nDROP TABLE bird;\n"
            )
            try folder.write(
                "0002_nests.sql", "-- up\nCREATE TABLE nest (id int8);\n-- down\nDROP TABLE nest;\n")
            let blocking = try BlockingPool(threads: 2)
            defer { blocking.stop() }
            let database = try await TestDatabase.create()
            let migrator = Migrator(
                configuration: database.configuration, directory: folder.path, blocking: blocking,
                logger: Logger(minimum: .error))
            do {
                try await body(Fixture(database: database, folder: folder, migrator: migrator))
            } catch {
                await database.drop()
                throw error
            }
            await database.drop()
        }

        func tables() async throws -> [String] {
            try await database.run(
                script:
                    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1"
            )
            .compactMap { $0[0] }
        }
    }
}
