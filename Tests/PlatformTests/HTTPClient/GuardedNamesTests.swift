import Platform
import Synchronization
import TestSupport
import Testing

/// In these tests 127.0.0.2 is taken for a public address; all else of this machine is not.
@Suite("Address guard, by name", .timeLimit(.minutes(10)))
struct GuardedNamesTests {
    private static let home = IPAddress(bytes: [127, 0, 0, 1])
    private static let world = IPAddress(bytes: [127, 0, 0, 2])
    private static let addressGuard = AddressGuard(
        allowsPrivate: false, exceptions: [AddressRange("127.0.0.2")!])

    /// Two servers on one port: one within the operator's network, the other in the world.
    private struct Servers {
        let inside: StubServer
        let outside: StubServer
        var url: String { "http://receiver.test:\(inside.port)/" }

        init() throws {
            // Not kept open, so that every request connects anew.
            inside = try StubServer.answering { _ in
                httpAnswer("500 Inside", headers: "Connection: close\r\n")
            }
            outside = try StubServer(address: 0x7F00_0002, port: inside.port) { connection in
                guard connection.readRequest() != nil else { return }
                connection.write(httpAnswer(headers: "Connection: close\r\n"))
            }
        }

        func stop() {
            inside.stop()
            outside.stop()
        }
    }

    @Test("Of a name's several addresses, those that are not public are passed over")
    func severalAddresses() async throws {
        let servers = try Servers()
        defer { servers.stop() }
        let addresses = [Self.home, IPAddress("10.0.0.1")!, IPAddress("::1")!, Self.world]

        let status = try await withClient(addressGuard: Self.addressGuard, names: { _ in addresses }) {
            client, _ in
            try await client.send(
                HTTPClientRequest(url: servers.url, connectTimeout: .seconds(60), timeout: .seconds(60))
            ).status
        }

        #expect(status == 200)
        #expect(servers.inside.connections == 0)
    }

    @Test("A name all of whose addresses are not public is not connected to")
    func noPublicAddress() async throws {
        let servers = try Servers()
        defer { servers.stop() }

        let error = try await withClient(
            addressGuard: Self.addressGuard, names: { _ in [Self.home, IPAddress("::1")!] }
        ) { client, _ in
            await #expect(throws: HTTPClientError.self) {
                try await client.send(HTTPClientRequest(url: servers.url, timeout: .seconds(60)))
            }
        }

        guard case .addressRefused = error else { return #expect(error == .addressRefused(Self.home)) }
        #expect(servers.inside.connections == 0)
    }

    @Test("A name that stands for another address at the next request is judged again")
    func changingName() async throws {
        let servers = try Servers()
        defer { servers.stop() }
        let current = Happenings<IPAddress>()
        current.add(Self.world)

        let (status, error) = try await withClient(
            addressGuard: Self.addressGuard, names: { _ in current.all.suffix(1) }
        ) { client, _ in
            let request = HTTPClientRequest(url: servers.url, timeout: .seconds(60))
            let status = try await client.send(request).status
            current.add(Self.home)
            let error = await #expect(throws: HTTPClientError.self) { try await client.send(request) }
            return (status, error)
        }

        #expect(status == 200)
        #expect(error == .addressRefused(Self.home))
        #expect(servers.inside.connections == 0)
    }

    @Test("A redirect to an address within is not followed")
    func redirect() async throws {
        let inside = try StubServer.answering { _ in httpAnswer() }
        let outside = try StubServer.answering(address: 0x7F00_0002) { _ in
            httpAnswer("307 Temporary Redirect", headers: "Location: http://127.0.0.1:\(inside.port)/\r\n")
        }
        defer {
            inside.stop()
            outside.stop()
        }

        let status = try await withClient(addressGuard: Self.addressGuard) { client, _ in
            try await client.send(
                HTTPClientRequest(url: "http://127.0.0.2:\(outside.port)/", timeout: .seconds(60))
            ).status
        }

        #expect(status == 307)
        #expect(inside.connections == 0)
    }

    @Test("A port that is not among those allowed is not connected to, and the URL alone tells")
    func ports() async throws {
        let server = try StubServer.answering { _ in httpAnswer() }
        defer { server.stop() }
        let (port, url) = (server.port, "http://127.0.0.1:\(server.port)/")
        let closed = AddressGuard(allowsPrivate: true, ports: try #require(PortRanges("80,443")))
        let open = AddressGuard(allowsPrivate: true, ports: try #require(PortRanges("80,1024-65535")))

        let error = try await withClient(addressGuard: closed) { client, _ in
            await #expect(throws: HTTPClientError.self) { try await client.send(HTTPClientRequest(url: url)) }
        }
        let status = try await withClient(addressGuard: open) { client, _ in
            try await client.send(HTTPClientRequest(url: url, timeout: .seconds(60))).status
        }

        #expect(error == .portRefused(port))
        #expect(status == 200)
        #expect(server.connections == 1)
        #expect(closed.refuses(try Origin(of: url)))
        #expect(!open.refuses(try Origin(of: url)))
        #expect(!closed.refuses(try Origin(of: "https://example.com/")))
        #expect(AddressGuard(allowsPrivate: false).refuses(try Origin(of: "http://2130706433/")))
        #expect(AddressGuard(allowsPrivate: false).refuses(try Origin(of: "http://[::ffff:10.0.0.1]/")))
    }

    @Test("Ports are read as single ones and ranges; anything else is refused")
    func portRanges() throws {
        let ports = try #require(PortRanges("80, 443,1024-65535"))

        #expect([80, 443, 1024, 65_535].allSatisfy(ports.contains))
        #expect(![0, 79, 444, 1023].contains(where: ports.contains))
        #expect(ports.description == "80,443,1024-65535")
        for text in ["", ",", "80,", "0", "65536", "9-8", "-", "80-", "-80", "a", "1-2-3", "+80"] {
            #expect(PortRanges(text) == nil, "\(text)")
        }
    }
}
