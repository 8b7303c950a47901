import CCurl

/// The server a URL points at. Requests to one origin share its connections, and those of
/// one party its limit.
package struct Origin: Hashable, Sendable {
    /// `https://example.com:8443`, the port always there.
    package let text: String
    /// In lower case; an IPv6 address without its brackets.
    package let host: String
    package let port: Int

    /// Reads a URL with libcurl's own parser, so that what is checked is what is used later.
    package init(of url: String) throws(HTTPClientError) {
        guard let parser = curl_url() else { throw .invalidURL("out of memory") }
        defer { curl_url_cleanup(parser) }
        let status = curl_url_set(parser, CURLUPART_URL, url, UInt32(CURLU_DISALLOW_USER))
        guard status == CURLUE_OK else { throw .invalidURL(String(cString: curl_url_strerror(status))) }
        guard let scheme = Self.part(CURLUPART_SCHEME, of: parser),
            let host = Self.part(CURLUPART_HOST, of: parser),
            let port = Self.part(CURLUPART_PORT, of: parser), let number = Int(port)
        else { throw .invalidURL("It has no host") }
        guard scheme == "http" || scheme == "https" else {
            throw .invalidURL("Its scheme is neither http nor https")
        }
        let name = host.lowercased()
        self.host = name.hasPrefix("[") ? String(name.dropFirst().dropLast()) : name
        self.port = number
        text = "\(scheme)://\(host.lowercased()):\(port)"
    }

    private static func part(_ part: CURLUPart, of parser: OpaquePointer) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(parser, part, &text, UInt32(CURLU_DEFAULT_PORT)) == CURLUE_OK, let text else {
            return nil
        }
        defer { curl_free(text) }
        return String(cString: text)
    }
}
