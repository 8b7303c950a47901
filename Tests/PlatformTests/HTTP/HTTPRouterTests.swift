import Platform
import Testing

@Suite("HTTP router")
struct HTTPRouterTests {
    private static func route(_ method: HTTPMethod, _ pattern: String) -> HTTPRoute {
        HTTPRoute(method, pattern) { request in
            let parameters = request.parameters.sorted { $0.0 < $1.0 }.map { "\($0)=\($1)" }
            return .text(
                ([request.method.rawValue, request.route ?? ""] + parameters).joined(separator: " "))
        }
    }

    private let router = HTTPRouter([
        route(.get, "/"),
        route(.get, "/v1/bots"),
        route(.post, "/v1/bots"),
        route(.get, "/v1/bots/{bot_id}"),
        route(.get, "/v1/bots/health"),
        route(.put, "/v1/bots/{id}/webhook"),
        route(.get, "/v1/{kind}/{id}/log"),
        route(.options, "/own-options"),
    ])

    private func ask(_ method: HTTPMethod, _ path: String) async throws -> HTTPResponse {
        try await router.respond(
            to: HTTPRequest(
                id: "req_1", method: method, path: path, peer: IPAddress(bytes: [127, 0, 0, 1]),
                deadline: .now))
    }

    @Test(
        "The most literal pattern answers",
        arguments: [
            (HTTPMethod.get, "/", "GET /"),
            (.get, "/v1/bots", "GET /v1/bots"),
            (.post, "/v1/bots", "POST /v1/bots"),
            (.get, "/v1/bots/a b", "GET /v1/bots/{bot_id} bot_id=a b"),
            (.get, "/v1/bots/health", "GET /v1/bots/health"),
            (.put, "/v1/bots/1/webhook", "PUT /v1/bots/{id}/webhook id=1"),
            (.get, "/v1/bots/1/log", "GET /v1/{kind}/{id}/log id=1 kind=bots"),
            (.head, "/v1/bots", "HEAD /v1/bots"),
            (.options, "/own-options", "OPTIONS /own-options"),
        ])
    func matches(method: HTTPMethod, path: String, expected: String) async throws {
        guard case .bytes(let bytes) = try await ask(method, path).body else { throw RawClient.NoAnswer() }

        #expect(String(decoding: bytes, as: UTF8.self) == expected)
    }

    @Test(
        "A path that no pattern matches is 404",
        arguments: ["/v1", "/v1/bots/", "//v1/bots", "/v1/bots/1/x", "*", ""])
    func notFound(path: String) async throws {
        let problem = await #expect(throws: Problem.self) { try await ask(.get, path) }

        #expect(problem?.status == 404)
    }

    @Test("A method that a path does not have is 405 with those it has, and OPTIONS names them")
    func methods() async throws {
        let problem = await #expect(throws: Problem.self) { try await ask(.delete, "/v1/bots") }
        let options = try await ask(.options, "/v1/bots")

        #expect(problem?.status == 405)
        #expect(problem?.headers["Allow"] == "GET, HEAD, POST, OPTIONS")
        #expect(options.status == 204)
        #expect(options.headers["Allow"] == "GET, HEAD, POST, OPTIONS")
    }

    @Test("Middleware wraps in the order in which it is listed")
    func middleware() async throws {
        func tag(_ name: String) -> HTTPMiddleware {
            { request, next in
                var response = try await next(request)
                response.headers.add("X-Tag", name)
                return response
            }
        }
        let handler = [tag("outer"), tag("inner")].wrapping { _ in .text("") }

        let response = try await handler(
            HTTPRequest(
                id: "req_1", method: .get, path: "/", peer: IPAddress(bytes: [127, 0, 0, 1]), deadline: .now))

        #expect(response.headers.values(of: "x-tag") == ["inner", "outer"])
    }
}

@Suite("HTTP values")
struct HTTPValueTests {
    @Test("Query parameters are decoded and kept in order")
    func query() throws {
        let query = try #require(HTTPQuery("a=1&b=%C3%A4+x&a=2&c&received_at[gte]=3%2B&&="))

        #expect(query.names == ["a", "b", "c", "received_at[gte]", ""])
        #expect(query.values(of: "a") == ["1", "2"])
        #expect(query["b"] == "\u{E4} x")
        #expect(query["c"] == "")
        #expect(query["received_at[gte]"] == "3+")
        #expect(HTTPQuery(nil)?.items.isEmpty == true)
    }

    @Test(
        "A query that is not well encoded is none",
        arguments: ["a=%", "a=%2", "a=%zz", "a=%00", "a=%FF", "%FF=a"])
    func badQuery(_ text: String) {
        #expect(HTTPQuery(text) == nil)
    }

    @Test("Headers compare without case and keep their order")
    func headers() {
        var headers: HTTPHeaders = ["Content-Type": "a", "X": "1"]
        headers.add("x", "2")

        #expect(headers["content-type"] == "a")
        #expect(headers.values(of: "X") == ["1", "2"])
        headers["X"] = "3"
        #expect(headers.map { "\($0.name)=\($0.value)" } == ["Content-Type=a", "X=3"])
        headers["content-TYPE"] = nil
        #expect(headers["Content-Type"] == nil)
    }

    @Test("A problem has the members of RFC 9457 and ours")
    func problem() {
        let problem = Problem(
            422, "invalid", "No \"good\"", detail: "d",
            errors: [
                .init(pointer: "/name", code: "too_long", detail: "x")
            ], members: [("tenants", "[1]")])

        guard case .bytes(let bytes) = problem.response(requestID: "req_1").body else { return }

        #expect(
            String(decoding: bytes, as: UTF8.self) == #"""
                {"type":"urn:rookery:problem:invalid","title":"No \"good\"","status":422,"detail":"d",\#
                "code":"invalid","request_id":"req_1","errors":[{"pointer":"/name","code":"too_long","detail":"x"}],\#
                "tenants":[1]}
                """#)
    }

    @Test(
        "Base32 has the values of the TypeID specification",
        arguments: [
            (UInt128(0), "00000000000000000000000000"),
            (1, "00000000000000000000000001"),
            (10, "0000000000000000000000000a"),
            (16, "0000000000000000000000000g"),
            (32, "00000000000000000000000010"),
            (UInt128.max, "7zzzzzzzzzzzzzzzzzzzzzzzzz"),
            (0x0110c8531d0952d8d73e1194e95b5f19, "0123456789abcdefghjkmnpqrs"),
            (0x01890a5dac96774bbcceb302099a8057, "01h455vb4pex5vsknk084sn02q"),
        ])
    func base32(value: UInt128, text: String) {
        #expect(CrockfordBase32.encode(value) == text)
        #expect(CrockfordBase32.decode(text) == value)
    }

    @Test(
        "Base32 takes nothing else",
        arguments: [
            "", "8zzzzzzzzzzzzzzzzzzzzzzzzz", "0000000000000000000000000", "000000000000000000000000000",
            "0000000000000000000000000u", "0000000000000000000000000A", "0000000000000000000000000-",
        ])
    func badBase32(_ text: String) {
        #expect(CrockfordBase32.decode(text) == nil)
    }
}
