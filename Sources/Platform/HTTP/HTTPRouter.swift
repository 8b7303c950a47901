/// Finds the handler of a path, segment by segment. A literal segment wins over a parameter; `/a` and `/a/`
/// are different paths. HEAD goes to the handler of GET, OPTIONS tells which methods there are.
package struct HTTPRouter: Sendable {
    /// What may follow one beginning of a path. Built once and only read afterwards; the segments are compared
    /// as bytes, one after the other, since a node has few and hashing text costs more.
    ///
    /// `@unchecked Sendable`: changed only while the router is made.
    private final class Node: @unchecked Sendable {
        var literals: [(segment: [UInt8], node: Node)] = []
        var parameter: Node?
        var routes: [(method: HTTPMethod, route: HTTPRoute, names: [String])] = []
    }

    private typealias Bytes = Substring.UTF8View

    private let root = Node()

    package init(_ routes: [HTTPRoute]) {
        for route in routes {
            var node = root
            var names: [String] = []
            for segment in route.pattern.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
                if segment.hasPrefix("{") && segment.hasSuffix("}") {
                    names.append(String(segment.dropFirst().dropLast()))
                    node = Self.child(&node.parameter)
                } else {
                    node = Self.child(Array(segment.utf8), of: node)
                }
            }
            precondition(
                !node.routes.contains { $0.method == route.method },
                "two routes for \(route.method) \(route.pattern)")
            node.routes.append((route.method, route, names))
        }
    }

    /// - Throws: `Problem` 404 or 405, or what the handler throws.
    package func respond(to request: HTTPRequest) async throws -> HTTPResponse {
        var values: [Bytes] = []
        guard let node = find(request, &values) else { throw Problem.notFound }
        guard let (_, route, names) = Self.entry(of: request.method, in: node) else {
            let allowed = Self.allowed(node)
            guard request.method == .options else { throw Problem.methodNotAllowed(allow: allowed) }
            return HTTPResponse(
                status: 204, headers: ["Allow": allowed.map(\.rawValue).joined(separator: ", ")])
        }
        return try await route.handler(Self.filled(request, route, names, values))
    }

    /// Asks the route's own check. What has no route is left to `respond`.
    @Sendable package func checkHead(of request: HTTPRequest) -> Problem? {
        var values: [Bytes] = []
        guard let node = find(request, &values),
            let (_, route, names) = Self.entry(of: request.method, in: node), let checkHead = route.checkHead
        else { return nil }
        return checkHead(Self.filled(request, route, names, values))
    }

    private static func filled(
        _ request: HTTPRequest, _ route: HTTPRoute, _ names: [String], _ values: [Bytes]
    ) -> HTTPRequest {
        var request = request
        request.route = route.pattern
        request.parameters = PathParameters(names, values.map { String(Substring($0)) })
        return request
    }

    private func find(_ request: HTTPRequest, _ values: inout [Bytes]) -> Node? {
        guard request.path.utf8.first == UInt8(ascii: "/") else { return nil }
        return Self.find(request.path.utf8.dropFirst(), in: root, &values)
    }

    private static func entry(
        of method: HTTPMethod, in node: Node
    ) -> (method: HTTPMethod, route: HTTPRoute, names: [String])? {
        node.routes.first { $0.method == method } ?? (method == .head ? entry(of: .get, in: node) : nil)
    }

    private static func allowed(_ node: Node) -> [HTTPMethod] {
        HTTPMethod.allCases.filter { $0 == .options || entry(of: $0, in: node) != nil }
    }

    private static func child(_ node: inout Node?) -> Node {
        let child = node ?? Node()
        node = child
        return child
    }

    private static func child(_ segment: [UInt8], of node: Node) -> Node {
        if let known = node.literals.first(where: { $0.segment == segment }) { return known.node }
        node.literals.append((segment, Node()))
        return node.literals[node.literals.count - 1].node
    }

    /// - Parameter rest: what stands behind the last `/`. An empty segment is no parameter's value.
    private static func find(_ rest: Bytes, in node: Node, _ values: inout [Bytes]) -> Node? {
        let end = rest.firstIndex(of: UInt8(ascii: "/"))
        let segment = rest[..<(end ?? rest.endIndex)]
        if let literal = node.literals.first(where: { $0.segment.elementsEqual(segment) }),
            let found = step(end, rest, into: literal.node, &values)
        {
            return found
        }
        guard let next = node.parameter, !segment.isEmpty else { return nil }
        values.append(segment)
        if let found = step(end, rest, into: next, &values) { return found }
        values.removeLast()
        return nil
    }

    private static func step(_ end: Bytes.Index?, _ rest: Bytes, into node: Node, _ values: inout [Bytes])
        -> Node?
    {
        guard let end else { return node.routes.isEmpty ? nil : node }
        return find(rest[rest.index(after: end)...], in: node, &values)
    }
}
