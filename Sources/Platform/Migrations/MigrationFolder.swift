import Glibc

/// The folder of migration files. Its functions read and write files: not for a loop's thread.
package struct MigrationFolder: Sendable {
    package let path: String

    package init(path: String) { self.path = path }

    /// Every migration, by version.
    package func read() throws -> [Migration] {
        let migrations = try fileNames().map { name in
            try Migration(fileName: name, text: FileText.read("\(path)/\(name)"))
        }.sorted { $0.version < $1.version }
        for (first, second) in zip(migrations, migrations.dropFirst()) where first.version == second.version {
            throw MigrationError.duplicateVersion(first.version)
        }
        return migrations
    }

    /// Writes an empty migration with the next version.
    /// - Returns: its path.
    package func create(_ name: String) throws -> String {
        guard name.wholeMatch(of: #/[a-z0-9_]+/#) != nil else { throw MigrationError.invalidName(name) }
        let version = (try read().last?.version ?? 0) + 1
        let file = "\(path)/\(Migration.fileName(version, name))"
        try FileText.create(file, "-- What this changes, and why.\n\n-- up\n\n-- down\n")
        return file
    }

    private func fileNames() throws -> [String] {
        guard let folder = opendir(path) else { throw MigrationError.noDirectory(path) }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(".sql") { names.append(name) }
        }
        return names
    }
}
