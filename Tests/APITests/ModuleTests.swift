import Testing

@Suite("Modules")
struct ModuleTests {
    private static let allowed: [String: Set<String>] = [
        "Platform": [], "Sandbox": ["Platform"], "Tenancy": ["Platform"], "Auth": ["Platform", "Tenancy"],
        "API": ["Platform", "Tenancy", "Auth", "Sandbox"],
    ]

    @Test("Imports point downward only", arguments: allowed.keys.sorted())
    func imports(_ module: String) throws {
        let ours = Set(Self.allowed.keys)
        let files = try ProjectText.swiftFiles(under: "Sources/\(module)")

        for file in files {
            let imported = try ProjectText.read(file).split(separator: "\n").compactMap(Self.importedModule)
            let upward = ours.intersection(imported).subtracting(Self.allowed[module] ?? [])
            #expect(upward.isEmpty, "\(file)")
        }

        #expect(!files.isEmpty)
    }

    /// `@testable import struct Tenancy.Bot` imports Tenancy.
    private static func importedModule(_ line: Substring) -> String? {
        let words = line.split { $0 == " " || $0 == "." }
        guard let place = words.firstIndex(of: "import"), place + 1 < words.count,
            words[..<place].allSatisfy({
                $0.hasPrefix("@") || ["package", "private", "internal", "fileprivate"].contains($0)
            })
        else { return nil }
        let kinds: Set<Substring> = [
            "class", "enum", "func", "let", "protocol", "struct", "typealias", "var",
        ]
        let name = kinds.contains(words[place + 1]) ? words.dropFirst(place + 2).first : words[place + 1]
        return name.map(String.init)
    }
}
