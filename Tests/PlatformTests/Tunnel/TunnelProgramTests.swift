import Testing

@testable import Platform

@Suite("Tunnel programs")
struct TunnelProgramTests {
    @Test(
        "A line that tells the public URL is understood",
        arguments: [
            (
                TunnelProgram.ngrok,
                #"t=2026-11-20T10:00:00+0000 lvl=info msg="started tunnel" obj=tunnels name=command_line addr=http://127.0.0.1:8080 url=https://4d11-52-230.ngrok-free.app"#,
                "https://4d11-52-230.ngrok-free.app"
            ),
            (
                .cloudflared,
                "2026-11-20T10:00:00Z INF |  https://Shiny-Booth.trycloudflare.com                        |",
                "https://shiny-booth.trycloudflare.com"
            ),
            (.cloudflared, "https://shiny-booth.trycloudflare.com", "https://shiny-booth.trycloudflare.com"),
        ])
    func told(_ program: TunnelProgram, _ line: String, _ url: String) {
        #expect(program.address(in: line) == url)
    }

    @Test(
        "All other lines tell nothing",
        arguments: [
            (TunnelProgram.ngrok, #"t=1 lvl=info msg="starting web service" obj=web addr=127.0.0.1:4040"#),
            (.ngrok, #"t=1 lvl=info msg="started tunnel" obj=tunnels url=tcp://2.tcp.ngrok.io:19757"#),
            (.ngrok, "lvl=info msg=other url=https://crow.ngrok-free.app"),
            (.ngrok, #"msg="started tunnel" url=https://evil.example/path"#),
            (.cloudflared, "ERR failed to request https://api.trycloudflare.com/tunnel"),
            (.cloudflared, "ERR failed to request https://api.trycloudflare.com"),
            (.cloudflared, "INF see https://developers.cloudflare.com/ for https://trycloudflare.com"),
            (.cloudflared, "http://shiny-booth.trycloudflare.com"), (.cloudflared, ""),
        ])
    func other(_ program: TunnelProgram, _ line: String) {
        #expect(program.address(in: line) == nil)
    }

    @Test(
        "A tunnel's target is compared by port, on this machine",
        arguments: [
            ("http://localhost:8080", true), ("http://127.0.0.1:8080/", true), ("localhost:8080", true),
            ("8080", true), ("http://[::1]:8080", true), ("http://localhost:8081", false),
            ("https://localhost:8080", false), ("http://10.0.0.1:8080", false), ("http://localhost", false),
            ("http_status:404", false), ("", false), ("tcp://localhost:8080", false),
        ])
    func target(_ target: String, _ leadsHere: Bool) {
        #expect(TunnelAddress.leads(target, to: 8080) == leadsHere)
    }
}
