import Testing

@testable import Platform

@Suite("HTTP client, TLS", .timeLimit(.minutes(10)))
struct HTTPClientTLSTests {
    /// What comes of a request to `host` at the server.
    private func status(
        _ host: String, _ server: TLSServer, trusting authority: TestAuthority?
    ) async throws -> Result<Int, HTTPClientError> {
        try await withClient(authorityFile: authority?.certificate) { client, _ in
            do throws(HTTPClientError) {
                let request = HTTPClientRequest(
                    method: "GET", url: "https://\(host):\(server.port)/", connectTimeout: .seconds(60),
                    timeout: .seconds(60))
                return .success(try await client.send(request).status)
            } catch { return .failure(error) }
        }
    }

    private func isRefused(_ result: Result<Int, HTTPClientError>) -> Bool {
        if case .failure(.tlsFailed) = result { true } else { false }
    }

    @Test("A server is talked to when a trusted authority vouches for its name, and only by that name")
    func names() async throws {
        let authority = try await TestAuthority()
        defer { authority.remove() }
        let server = try await authority.server()
        defer { server.stop() }

        let named = try await status("localhost", server, trusting: authority)
        let misnamed = try await status("127.0.0.1", server, trusting: authority)
        let untrusted = try await status("localhost", server, trusting: nil)

        #expect(try named.get() == 200)
        #expect(isRefused(misnamed))
        #expect(isRefused(untrusted))
    }

    @Test("A certificate that a server gave itself is refused")
    func selfSigned() async throws {
        let authority = try await TestAuthority()
        defer { authority.remove() }
        let server = try await authority.server("self")
        defer { server.stop() }

        let result = try await status("localhost", server, trusting: authority)

        #expect(isRefused(result))
    }

    @Test("TLS 1.2 will do, and 1.1 will not, whatever the server offers")
    func versions() async throws {
        let authority = try await TestAuthority()
        defer { authority.remove() }
        let old = try await authority.server("server", options: ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"])
        let recent = try await authority.server("server", options: ["-tls1_2"])
        defer {
            old.stop()
            recent.stop()
        }

        let refused = try await status("localhost", old, trusting: authority)
        let answered = try await status("localhost", recent, trusting: authority)

        #expect(isRefused(refused))
        #expect(try answered.get() == 200)
    }
}
