import CCurl

/// libcurl's process-wide start: once, before the first handle, and never undone.
enum CurlLibrary {
    static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
}
