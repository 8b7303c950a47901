import Glibc

/// A program that makes a port of this machine reachable from the internet.
package enum TunnelProgram: String, Sendable, CaseIterable {
    case ngrok, cloudflared

    /// What of our environment it needs: where its configuration is, its own settings, and the way out.
    static let variables = [
        "HOME", "XDG_CONFIG_HOME", "NGROK_AUTHTOKEN", "NGROK_CONFIG", "HTTPS_PROXY", "https_proxy",
        "NO_PROXY", "no_proxy",
    ]

    /// - Parameter program: its path.
    func command(_ program: String, port: UInt16) -> [String] {
        let target = "127.0.0.1:\(port)"
        return switch self {
        case .ngrok: [program, "http", target, "--log=stdout", "--log-format=logfmt"]
        case .cloudflared: [program, "tunnel", "--no-autoupdate", "--url", "http://\(target)"]
        }
    }

    /// The public URL, when this line of the program's output tells it.
    ///
    ///     t=2026-11-20T10:00:00+0000 lvl=info msg="started tunnel" obj=tunnels … url=https://crow.ngrok-free.app
    ///     2026-11-20T10:00:00Z INF |  https://crow-and-jackdaw.trycloudflare.com                               |
    func address(in line: String) -> String? {
        switch self {
        case .ngrok:
            guard line.contains("msg=\"started tunnel\"") else { return nil }
            let field = line.split(separator: " ").last { $0.hasPrefix("url=") }
            return field.flatMap { TunnelAddress.url(String($0.dropFirst(4))) }
        case .cloudflared:
            let words = line.split { $0 == " " || $0 == "|" || $0 == "\t" }
            let address = words.lazy.compactMap { TunnelAddress.url(String($0)) }.first {
                $0.hasSuffix(".trycloudflare.com") && $0 != "https://api.trycloudflare.com"
            }
            return address
        }
    }

    /// Its path; nil when it is not installed. Blocks.
    /// - Parameter path: folders, separated by colons.
    func find(in path: String) -> String? {
        path.split(separator: ":").map { "\($0)/\(rawValue)" }.first { access($0, X_OK) == 0 }
    }
}

/// What tunnels tell of addresses.
enum TunnelAddress {
    /// An https URL of a host and nothing else, without a slash at the end; nil for anything else.
    static func url(_ text: String) -> String? {
        guard text.hasPrefix("https://") else { return nil }
        var host = text.dropFirst("https://".count)
        if host.hasSuffix("/") { host = host.dropLast() }
        let isHost = host.utf8.allSatisfy { byte in
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
                || byte == UInt8(ascii: ".")
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
        }
        return isHost && host.contains(".") ? "https://\(host.lowercased())" : nil
    }

    /// Whether a tunnel's target is this port: `http://localhost:8080`, `127.0.0.1:8080`, `8080`.
    static func leads(_ target: String, to port: UInt16) -> Bool {
        var rest = target[...]
        if rest.hasPrefix("http://") { rest = rest.dropFirst("http://".count) }
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        let colon = rest.lastIndex(of: ":")
        guard UInt16(colon.map { rest[rest.index(after: $0)...] } ?? rest) == port else { return false }
        return ["", "localhost", "127.0.0.1", "0.0.0.0", "[::1]", "[::]"].contains(
            colon.map { rest[..<$0] } ?? "")
    }
}
