import CCurl

extension CurlTransfer {
    /// What libcurl's last word on a transfer means.
    func result(_ code: CURLcode, since start: ContinuousClock.Instant) -> Result<
        HTTPClientResponse, HTTPClientError
    > {
        // Past the body's limit the transfer is ended from here, which libcurl reports as a write error.
        guard code == CURLE_OK || received.isTruncated else { return .failure(error(code)) }
        // libcurl takes a connection that ends there for the end of an answer without a body.
        guard !received.isInHead else { return .failure(.connectionLost("the answer ended within its head")) }
        guard (200...999).contains(received.status) else { return .failure(.invalidResponse("no status")) }
        return .success(
            HTTPClientResponse(
                status: received.status, version: version, headers: received.headers, body: received.body,
                isTruncated: received.isTruncated, duration: .now - start))
    }

    private func error(_ code: CURLcode) -> HTTPClientError {
        if received.hasTooManyHeaders { return .invalidResponse("the headers are too large") }
        switch code {
        case CURLE_URL_MALFORMAT: return .invalidURL(String(cString: curl_easy_strerror(code)))
        case CURLE_COULDNT_RESOLVE_HOST: return .nameNotResolved
        case CURLE_COULDNT_CONNECT:
            return refusedAddress.map { .addressRefused($0) } ?? .connectFailed(explanation(of: code))
        case CURLE_OPERATION_TIMEDOUT: return .timedOut
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
            CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_INVALIDCERTSTATUS,
            CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_SHUTDOWN_FAILED:
            return .tlsFailed(explanation(of: code))
        case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_CONTENT_ENCODING:
            return .invalidResponse(String(cString: curl_easy_strerror(code)))
        default: return .connectionLost(String(cString: curl_easy_strerror(code)))
        }
    }
}
