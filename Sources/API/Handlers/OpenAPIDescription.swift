import Platform

/// `GET /openapi.yaml`: the API's description, as it lies in the project.
struct OpenAPIDescription: Sendable {
    private let text: SharedBody

    init() throws {
        text = SharedBody(try FileText.read(ProjectFiles.path(of: "openapi.yaml")))
    }

    @Sendable func show(_ request: HTTPRequest) async throws -> HTTPResponse {
        .shared(text, type: "application/yaml")
    }
}
