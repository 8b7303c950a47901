import Testing

@testable import Platform

@Suite("Tunnels that run already", .timeLimit(.minutes(10)))
struct TunnelSearchTests {
    /// One of an agent that has several tunnels, of which one leads to port 8080 by https.
    private static let agent = #"""
        {"tunnels":[
            {"name":"a","uri":"/api/tunnels/a","public_url":"https://other.ngrok-free.app","proto":"https",
             "config":{"addr":"http://localhost:9999","inspect":true}},
            {"name":"b","public_url":"tcp://2.tcp.ngrok.io:19757","proto":"tcp","config":{"addr":"localhost:8080"}},
            {"name":"c","public_url":"https://crow.ngrok-free.app","proto":"https",
             "config":{"addr":"http://localhost:8080","inspect":true},"metrics":{"conns":{"count":0}}}
        ],"uri":"/api/tunnels"}
        """#

    @Test("Of an ngrok agent the tunnel that leads to our port, by https")
    func ngrok() async throws {
        let server = try StubServer.answering { request in
            request.head.hasPrefix("GET /api/tunnels ")
                ? httpAnswer(body: Self.agent) : httpAnswer("404 Not Found")
        }
        defer { server.stop() }

        #expect(try await find(8080, ngrok: [server.url]) == "https://crow.ngrok-free.app")
        #expect(try await find(8080, .ngrok, ngrok: [server.url]) == "https://crow.ngrok-free.app")
        #expect(try await find(8081, ngrok: [server.url]) == nil)
        #expect(try await find(8080, .cloudflared, ngrok: [server.url]) == nil)
    }

    @Test("Of several cloudflared the quick tunnel that leads to our port")
    func cloudflared() async throws {
        let other = try Self.cloudflared("jackdaw.trycloudflare.com", "http://localhost:9999")
        let ours = try Self.cloudflared("crow.trycloudflare.com", "http://127.0.0.1:8080")
        defer {
            other.stop()
            ours.stop()
        }

        let places = ["http://127.0.0.1:1", other.url, ours.url]
        #expect(try await find(8080, cloudflared: places) == "https://crow.trycloudflare.com")
        #expect(
            try await find(9999, .cloudflared, cloudflared: places) == "https://jackdaw.trycloudflare.com")
        #expect(try await find(8081, cloudflared: places) == nil)
        #expect(try await find(8080, .ngrok, cloudflared: places) == nil)
    }

    @Test(
        "A program that answers otherwise is none, and so is a named tunnel, which tells no name",
        arguments: ["", "{}", "[]", "not JSON", #"{"tunnels":[{}]}"#, #"{"hostname":""}"#])
    func odd(_ body: String) async throws {
        let server = try StubServer.answering { _ in httpAnswer(body: body) }
        defer { server.stop() }

        #expect(try await find(8080, ngrok: [server.url], cloudflared: [server.url]) == nil)
    }

    private static func cloudflared(_ hostname: String, _ service: String) throws -> StubServer {
        try StubServer.answering { request in
            if request.head.hasPrefix("GET /quicktunnel ") {
                return httpAnswer(body: #"{"hostname":"\#(hostname)"}"#)
            }
            guard request.head.hasPrefix("GET /config ") else { return httpAnswer("404 Not Found") }
            return httpAnswer(
                body: """
                    {"version":-1,"config":{"ingress":[{"hostname":"","path":null,"service":"\(service)",\
                    "originRequest":{"connectTimeout":30}}],"warp-routing":{}}}
                    """)
        }
    }

    private func find(
        _ port: UInt16, _ program: TunnelProgram? = nil, ngrok: [String] = [], cloudflared: [String] = []
    ) async throws -> String? {
        try await withClient { client, _ in
            await TunnelSearch(
                client: client, places: TunnelSearch.Places(ngrok: ngrok, cloudflared: cloudflared)
            ).address(of: port, by: program)
        }
    }
}
