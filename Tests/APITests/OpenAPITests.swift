import Platform
import Testing

@testable import API

@Suite("The API's description")
struct OpenAPITests {
    @Test("Describes every route, and none that is not there")
    func operations() async throws {
        try await RunningApp.with { app in
            let described = Self.operations(in: try ProjectText.read("openapi.yaml"))

            let served = Set(app.app.routes.map { "\($0.method.rawValue) \($0.pattern)" })

            #expect(described.subtracting(served) == [], "described but not served")
            #expect(served.subtracting(described) == [], "served but not described")
        }
    }

    /// Paths stand two spaces in, methods four, under `paths:`.
    static func operations(in text: String) -> Set<String> {
        let methods = Set(HTTPMethod.allCases.map { $0.rawValue.lowercased() })
        var operations: Set<String> = []
        var isInPaths = false
        var path: Substring?
        for line in text.split(separator: "\n") {
            if !line.hasPrefix(" "), !line.hasPrefix("#") { isInPaths = line.hasPrefix("paths:") }
            guard isInPaths, line.hasSuffix(":") else { continue }
            let name = line.drop { $0 == " " }.dropLast()
            switch line.count - name.count - 1 {
            case 2: path = name.first == "/" ? name : nil
            case 4 where methods.contains(String(name)):
                if let path { operations.insert("\(name.uppercased()) \(path)") }
            default: break
            }
        }
        return operations
    }
}
