import Platform
import Testing

@Suite("Address guard", .timeLimit(.minutes(10)))
struct AddressGuardTests {
    @Test(
        "Addresses that are not the public internet are refused",
        arguments: [
            "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.254",
            "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255", "168.63.129.16",
            "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:0:127.0.0.1",
            "fe80::1", "fec0::1",
            "fc00::1", "fd00:ec2::254", "ff02::1", "100::1", "2001::1", "2001:0:4136:e378::1", "2001:2::1",
            "2001:10::1",
            "2001:db8::1", "3fff::1", "64:ff9b::7f00:1", "64:ff9b::10.0.0.1", "64:ff9b:1::8.8.8.8",
            "2002:7f00:1::1",
            "2002:a00:1::1", "2002:c0a8:101::", "4000::1", "5f00::1",
            // Metadata of clouds, written in every way that reaches them.
            "100.100.100.200", "::ffff:169.254.169.254", "fd20:ce::254", "fd00:c1::a9fe:a9fe",
            "64:ff9b::169.254.169.254", "64:ff9b::100.100.100.200", "64:ff9b::168.63.129.16",
            "64:ff9b:1::a9fe:a9fe", "2002:a9fe:a9fe::1", "2002:6440:1::1", "2001:0:a9fe:a9fe::1",
            "::169.254.169.254", "fe80::a9fe:a9fe",
        ])
    func refused(text: String) throws {
        let address = try #require(IPAddress(text))

        #expect(AddressGuard(allowsPrivate: false).refuses(address))
        #expect(!AddressGuard(allowsPrivate: true).refuses(address))
    }

    @Test(
        "Public addresses are allowed",
        arguments: [
            "1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "126.255.255.255", "128.0.0.1",
            "149.154.167.220",
            "169.253.255.255", "172.15.255.255", "172.32.0.1", "192.0.1.1", "192.167.255.255",
            "198.17.255.255",
            "198.20.0.1", "223.255.255.255", "168.63.129.17",
            "2606:4700:4700::1111", "2001:4860:4860::8888", "2001:67c:4e8:f004::9", "64:ff9b::8.8.8.8",
            "2002:808:808::1",
            "::ffff:8.8.8.8", "2a00::1",
        ])
    func allowed(text: String) throws {
        let address = try #require(IPAddress(text))

        #expect(!AddressGuard(allowsPrivate: false).refuses(address))
    }

    @Test(
        "The address connected to is judged, however it is written",
        arguments: [
            "127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::1]", "[::ffff:127.0.0.1]",
            "0.0.0.0", "017700000001",
        ])
    func loopbackIsRefused(host: String) async throws {
        let server = try StubServer.answering { _ in httpAnswer() }
        defer { server.stop() }

        let error = try await withClient(allowsPrivate: false) { client, _ in
            await #expect(throws: HTTPClientError.self) {
                try await client.send(HTTPClientRequest(url: "http://\(host):\(server.port)/"))
            }
        }

        guard case .addressRefused = error else {
            return #expect(error == .addressRefused(IPAddress(bytes: [])))
        }
        #expect(server.connections == 0)
    }

    @Test("A name for the loopback is reached once private addresses are allowed")
    func localhostIsAllowed() async throws {
        let server = try StubServer.answering { _ in httpAnswer() }
        defer { server.stop() }

        let answer = try await withClient { client, _ in
            try await client.send(HTTPClientRequest(url: "http://localhost:\(server.port)/"))
        }

        #expect(answer.status == 200)
    }
}
