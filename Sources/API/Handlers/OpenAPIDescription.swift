import Platform

/// `GET /openapi.yaml`: the API's description, as it lies in the project.
struct OpenAPIDescription: Sendable {
    private let text: String

    init() throws {
        text = try FileText.read(ProjectFiles.path(of: "openapi.yaml"))
    }

    @Sendable func show(_ request: HTTPRequest) async throws -> HTTPResponse {
        .text(text, type: "application/yaml")
    }
}
