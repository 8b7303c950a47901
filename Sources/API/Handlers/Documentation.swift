import Platform

/// `GET /docs`: openapi.yaml as a page to read, which `script/docs` writes. It loads nothing and runs nothing, and
/// its Content-Security-Policy allows no more than its own style sheet.
struct Documentation: Sendable {
    private let page: SharedBody
    private let policy: String

    init() throws {
        let page = try FileText.read(ProjectFiles.path(of: "docs/api.html"))
        self.page = SharedBody(page)
        policy =
            "default-src 'none'; style-src \(Self.style(of: page)); base-uri 'none'; form-action 'none'; "
            + "frame-ancestors 'none'"
    }

    @Sendable func show(_ request: HTTPRequest) async throws -> HTTPResponse {
        var response = HTTPResponse.shared(page, type: "text/html; charset=utf-8")
        response.headers.add("Content-Security-Policy", policy)
        response.headers.add("X-Content-Type-Options", "nosniff")
        return response
    }

    /// The page's style sheet by its hash (CSP level 3 section 2.3.1).
    private static func style(of page: String) -> String {
        guard let begin = page.firstRange(of: "<style>"), let end = page.firstRange(of: "</style>"),
            begin.upperBound <= end.lowerBound
        else { return "'none'" }
        let hash = SHA256.hash(Array(page[begin.upperBound..<end.lowerBound].utf8))
        return "'sha256-\(Base64.encode(hash))'"
    }
}
