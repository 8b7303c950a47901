import Platform

extension HTTPClient {
    /// Delivers with this client; for the loop's thread only. An `ip_address` set with the webhook is not
    /// used.
    var webhookPost: WebhookPost {
        { request in
            var headers = [("Content-Type", "application/json")]
            if let secret = request.secretToken {
                headers.append(("X-Telegram-Bot-Api-Secret-Token", secret))
            }
            do throws(HTTPClientError) {
                let response = try await self.send(
                    HTTPClientRequest(
                        url: request.url, headers: headers, body: request.body, timeout: request.timeout,
                        responseLimit: 1 << 20))
                return WebhookAnswer(
                    status: response.status, contentType: response.header("Content-Type"),
                    retryAfter: response.header("Retry-After").flatMap { Int($0) } ?? 0,
                    body: response.isTruncated ? [] : response.body)
            } catch {
                throw WebhookFault(message: error.webhookMessage)
            }
        }
    }
}

extension HTTPClientError {
    /// In the words of Telegram's getWebhookInfo.
    fileprivate var webhookMessage: String {
        switch self {
        case .nameNotResolved: "Failed to resolve host: Name or service not known"
        case .connectFailed: "Connection refused"
        case .timedOut: "Read timeout expired"
        case .tlsFailed(let reason): "SSL error: \(reason)"
        case .addressRefused(let address): "IP address \(address) is reserved"
        case .portRefused(let port): "Port \(port) is not allowed"
        case .invalidResponse, .answerTooLarge: "Wrong response from the webhook"
        case .tooManyRequests: "Too many connections of the sandbox"
        case .invalidURL, .invalidRequest, .connectionLost, .cancelled, .closed: "Connection reset by peer"
        }
    }
}
