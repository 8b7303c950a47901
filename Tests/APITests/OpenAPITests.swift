import Auth
import Platform
import Testing

@testable import API

@Suite("The API's description")
struct OpenAPITests {
    @Test("Describes every route, and none that is not there")
    func operations() async throws {
        try await RunningApp.with { app in
            let described = Set(Self.permissions(in: try ProjectText.read("openapi.yaml")).keys)

            let served = Set(app.app.routes.map { "\($0.method.rawValue) \($0.pattern)" })

            #expect(described.subtracting(served) == [], "described but not served")
            #expect(served.subtracting(described) == [], "served but not described")
        }
    }

    @Test("Says of every operation who may use it, as its route does")
    func access() async throws {
        try await RunningApp.with { app in
            let described = Self.permissions(in: try ProjectText.read("openapi.yaml"))

            let declared = Dictionary(
                uniqueKeysWithValues: app.app.api.map {
                    ("\($0.method.rawValue) \($0.pattern)", $0.access.name)
                })

            for (operation, permission) in described {
                #expect(permission == declared[operation, default: "open"], "\(operation)")
            }
        }
    }

    @Test("Names every kind of actor and every action that the audit trail may hold")
    func audit() throws {
        let text = try ProjectText.read("openapi.yaml")
        let identities: [Caller.Identity] = [
            .stranger, .admin(ID(), account: ID()), .platformAdmin(ID()), .apiKey(ID()), .operator, .platform,
        ]
        for identity in identities {
            // One that is added here belongs above, too.
            switch identity {
            case .stranger, .admin, .platformAdmin, .apiKey, .operator, .platform: break
            }
        }
        let actors = text.split(separator: "\n").first { $0.contains("enum: [stranger, ") }
        let described = actors.flatMap { line in
            line.split(separator: "[").last?.prefix { $0 != "]" }.split(separator: ", ").map(String.init)
        }
        let actions = text.split(separator: "    AuditAction:\n", maxSplits: 1).last?
            .split(separator: "\n").drop { !$0.hasSuffix("enum:") }.dropFirst()
            .prefix { $0.hasPrefix("        - ") }.map { String($0.dropFirst(10)) }

        #expect(described == identities.map { Caller($0).kind })
        #expect(actions.map(Set.init) == Set(AuditAction.allCases.map(\.rawValue)))
    }

    /// `x-permission` by operation. Paths stand two spaces in, methods four, what belongs to a method six, all
    /// under `paths:`.
    private static func permissions(in text: String) -> [String: String] {
        let methods = Set(HTTPMethod.allCases.map { $0.rawValue.lowercased() })
        var permissions: [String: String] = [:]
        var isInPaths = false
        var path: Substring?
        var operation: String?
        for line in text.split(separator: "\n") {
            if !line.hasPrefix(" "), !line.hasPrefix("#") { isInPaths = line.hasPrefix("paths:") }
            guard isInPaths else { continue }
            let content = line.drop { $0 == " " }
            let name = content.prefix { $0 != ":" }
            switch line.count - content.count {
            // A path may have a colon of its own.
            case 2: (path, operation) = (name.first == "/" ? content.dropLast() : nil, nil)
            case 4:
                operation = methods.contains(String(name)) ? path.map { "\(name.uppercased()) \($0)" } : nil
                if let operation { permissions[operation] = "" }
            case 6 where name == "x-permission":
                if let operation { permissions[operation] = String(content.dropFirst(name.count + 2)) }
            default: break
            }
        }
        return permissions
    }
}
