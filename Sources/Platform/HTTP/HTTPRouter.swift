/// Finds the handler of a path, segment by segment. A literal segment wins over a parameter; `/a` and `/a/`
/// are different paths. HEAD goes to the handler of GET, OPTIONS tells which methods there are.
package struct HTTPRouter: Sendable {
    private struct Node: Sendable {
        var literals: [String: Node] = [:]
        var parameter: [Node] = []
        var routes: [HTTPMethod: HTTPRoute] = [:]
        var names: [HTTPMethod: [String]] = [:]
    }

    private struct Match {
        let node: Node
        let values: [Substring]
    }

    private var root = Node()

    package init(_ routes: [HTTPRoute]) {
        for route in routes {
            let segments = Self.segments(route.pattern)
            let names = segments.compactMap(Self.parameterName)
            Self.insert(route, names, segments[...], into: &root)
        }
    }

    /// - Throws: `Problem` 404 or 405, or what the handler throws.
    package func respond(to request: HTTPRequest) async throws -> HTTPResponse {
        guard request.path.hasPrefix("/"), let match = Self.find(Self.segments(request.path)[...], in: root, []) else { throw Problem.notFound }
        let node = match.node
        let isHead = request.method == .head && node.routes[.head] == nil
        let method = isHead ? HTTPMethod.get : request.method
        guard let route = node.routes[method] else {
            let allowed = Self.allowed(node)
            guard request.method == .options else { throw Problem.methodNotAllowed(allow: allowed) }
            return HTTPResponse(
                status: 204, headers: ["Allow": allowed.map(\.rawValue).joined(separator: ", ")])
        }
        var request = request
        request.route = route.pattern
        for (name, value) in zip(node.names[method] ?? [], match.values) { request.parameters[name] = String(value) }
        return try await route.handler(request)
    }

    private static func allowed(_ node: Node) -> [HTTPMethod] {
        HTTPMethod.allCases.filter {
            node.routes[$0] != nil || $0 == .options || ($0 == .head && node.routes[.get] != nil)
        }
    }

    private static func segments(_ path: String) -> [Substring] {
        path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    }

    private static func parameterName(_ segment: Substring) -> String? {
        segment.hasPrefix("{") && segment.hasSuffix("}") ? String(segment.dropFirst().dropLast()) : nil
    }

    private static func insert(_ route: HTTPRoute, _ names: [String], _ rest: ArraySlice<Substring>, into node: inout Node) {
        guard let segment = rest.first else {
            precondition(node.routes[route.method] == nil, "two routes for \(route.method) \(route.pattern)")
            node.routes[route.method] = route
            node.names[route.method] = names
            return
        }
        if parameterName(segment) != nil {
            if node.parameter.isEmpty { node.parameter.append(Node()) }
            insert(route, names, rest.dropFirst(), into: &node.parameter[0])
        } else {
            insert(route, names, rest.dropFirst(), into: &node.literals[String(segment), default: Node()])
        }
    }

    /// An empty segment is no parameter's value.
    private static func find(_ rest: ArraySlice<Substring>, in node: Node, _ values: [Substring]) -> Match? {
        guard let segment = rest.first else {
            return node.routes.isEmpty ? nil : Match(node: node, values: values)
        }
        if let next = node.literals[String(segment)], let match = find(rest.dropFirst(), in: next, values) {
            return match
        }
        guard let next = node.parameter.first, !segment.isEmpty else { return nil }
        return find(rest.dropFirst(), in: next, values + [segment])
    }
}
