import FoundationEssentials

/// Finds tunnels that run already, by what their programs tell on loopback.
package struct TunnelSearch: Sendable {
    /// Where programs tell it.
    package struct Places: Sendable {
        /// The agent's API (ngrok.com/docs/agent/api).
        var ngrok = ["http://127.0.0.1:4040"]
        /// The metrics server of a cloudflared takes the first of these ports that is free.
        var cloudflared = (20_241...20_245).map { "http://127.0.0.1:\($0)" }

        package init() {}

        init(ngrok: [String], cloudflared: [String]) {
            self.ngrok = ngrok
            self.cloudflared = cloudflared
        }
    }

    private let client: HTTPClient
    private let places: Places

    /// - Parameter client: may reach loopback.
    package init(client: HTTPClient, places: Places = Places()) {
        self.client = client
        self.places = places
    }

    /// - Parameter program: nil for any.
    /// - Returns: the public URL of a tunnel that leads to the port.
    func address(of port: UInt16, by program: TunnelProgram? = nil) async -> String? {
        if program != .cloudflared {
            for place in places.ngrok {
                if let address = await ngrok(place, port) { return address }
            }
        }
        if program != .ngrok {
            for place in places.cloudflared {
                if let address = await cloudflared(place, port) { return address }
            }
        }
        return nil
    }

    private struct NgrokTunnels: Decodable {
        struct Tunnel: Decodable {
            struct Config: Decodable { let addr: String }
            let publicURL: String
            let config: Config

            private enum CodingKeys: String, CodingKey {
                case publicURL = "public_url"
                case config
            }
        }
        let tunnels: [Tunnel]
    }

    private func ngrok(_ place: String, _ port: UInt16) async -> String? {
        guard let found = await get("\(place)/api/tunnels", as: NgrokTunnels.self) else { return nil }
        return found.tunnels.lazy.filter { TunnelAddress.leads($0.config.addr, to: port) }
            .compactMap { TunnelAddress.url($0.publicURL) }.first
    }

    private struct QuickTunnel: Decodable { let hostname: String }

    private struct CloudflaredConfig: Decodable {
        struct Config: Decodable {
            struct Rule: Decodable { let service: String? }
            let ingress: [Rule]
        }
        let config: Config
    }

    /// A named tunnel tells no hostname here: ROOKERY_PUBLIC_URL is the place for it.
    private func cloudflared(_ place: String, _ port: UInt16) async -> String? {
        guard let tunnel = await get("\(place)/quicktunnel", as: QuickTunnel.self),
            let url = TunnelAddress.url("https://\(tunnel.hostname)"),
            let config = await get("\(place)/config", as: CloudflaredConfig.self),
            config.config.ingress.contains(where: { TunnelAddress.leads($0.service ?? "", to: port) })
        else { return nil }
        return url
    }

    /// nil when nobody answers there, or with something else.
    private func get<Answer: Decodable>(_ url: String, as type: Answer.Type) async -> Answer? {
        let request = HTTPClientRequest(
            method: "GET", url: url, connectTimeout: .seconds(1), timeout: .seconds(2))
        guard let answer = try? await client.send(request), answer.status == 200 else { return nil }
        return try? JSONDecoder().decode(type, from: Data(answer.body))
    }
}
