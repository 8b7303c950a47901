import Platform

/// `GET /invitations/{token}`: the page behind an invitation's link. It is the same for every token, and the token is
/// not looked at: link previews and guesses learn nothing. The form posts to the API, as any client would.
struct InvitationPage: Sendable {
    private let page: [UInt8]
    private let headers: HTTPHeaders

    init() {
        page = Array(
            """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Invitation</title>
            <style>\(Self.style)</style>
            </head>
            <body>
            <main>
            <h1>You are invited</h1>
            <form id="form">
            <label>Name <input id="name" autocomplete="name" maxlength="200"></label>
            <label>Password <input id="password" type="password" autocomplete="new-password" required></label>
            <p>At least 12 characters. If you have an account here already, give its password.</p>
            <button>Accept</button>
            </form>
            <p id="message" role="status"></p>
            <noscript>This page needs JavaScript.</noscript>
            </main>
            <script>\(Self.script)</script>
            </body>
            </html>

            """.utf8)
        let policy = [
            "default-src 'none'", "script-src '\(Self.digest(of: Self.script))'",
            "style-src '\(Self.digest(of: Self.style))'", "connect-src 'self'", "base-uri 'none'",
            "form-action 'none'", "frame-ancestors 'none'",
        ]
        headers = [
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": policy.joined(separator: "; "),
            "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        ]
    }

    @Sendable func show(_ request: HTTPRequest) async throws -> HTTPResponse {
        HTTPResponse(status: 200, headers: headers, body: .bytes(page))
    }

    /// As Content-Security-Policy names a script or style.
    private static func digest(of text: String) -> String {
        "sha256-" + Base64.encode(SHA256.hash(Array(text.utf8)))
    }

    private static let style = """

        body { font: 1rem/1.5 system-ui, sans-serif; margin: 0; background: #f4f4f2; color: #222 }
        main { max-width: 24rem; margin: 10vh auto; padding: 2rem; background: #fff; border-radius: .5rem }
        label { display: block; margin-bottom: 1rem }
        input { display: block; box-sizing: border-box; width: 100%; padding: .5rem; font: inherit }
        button { padding: .5rem 1.5rem; font: inherit }

        """

    private static let script = """

        const field = id => document.getElementById(id);
        field("form").addEventListener("submit", async event => {
          event.preventDefault();
          const message = field("message");
          const body = { token: decodeURIComponent(location.pathname.split("/").pop()),
                         password: field("password").value };
          if (field("name").value.trim()) body.name = field("name").value.trim();
          message.textContent = "…";
          try {
            const answer = await fetch("../v1/auth/invitations/accept", {
              method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
            if (answer.ok) {
              field("form").remove();
              message.textContent = "Welcome. You can sign in now.";
              return;
            }
            const problem = await answer.json();
            const faults = (problem.errors || []).map(e => e.pointer.slice(1) + " " + e.detail).join("; ");
            message.textContent = faults || problem.detail || problem.title;
          } catch {
            message.textContent = "That did not work. Please try again.";
          }
        });

        """
}
