/// What is the same for all requests of a client.
struct HTTPClientSettings {
    let userAgent: String
    /// PEM file of the certificate authorities to trust instead of the system's.
    let authorityFile: String?
}
