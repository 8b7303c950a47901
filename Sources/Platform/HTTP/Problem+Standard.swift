/// Problems that any part of the API may have.
extension Problem {
    package static let notFound = Problem(404, "not_found", "There is nothing here")
    package static let timeout = Problem(
        503, "timeout", "The request took too long", headers: ["Retry-After": "1"])
    package static let internalError = Problem(500, "internal_error", "Something went wrong on our side")

    package static func methodNotAllowed(allow: [HTTPMethod]) -> Problem {
        Problem(
            405, "method_not_allowed", "This method is not for this resource",
            headers: ["Allow": allow.map(\.rawValue).joined(separator: ", ")])
    }

    /// - Parameter retryAfter: seconds.
    package static func unavailable(retryAfter: Int = 1) -> Problem {
        Problem(
            503, "unavailable", "The service is not available right now",
            headers: ["Retry-After": "\(retryAfter)"])
    }

    package static func badRequest(_ code: String, _ title: String, detail: String? = nil) -> Problem {
        Problem(400, code, title, detail: detail)
    }
}
