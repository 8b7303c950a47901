/// What is the same for all requests of a client.
package struct HTTPClientSettings {
    /// The addresses of a name; nil for one that is to be looked up as usual. Asked for each request, on the loop.
    package typealias Names = @Sendable (_ host: String) -> [IPAddress]?

    let userAgent: String
    /// PEM file of the certificate authorities to trust instead of the system's.
    let authorityFile: String?
    let names: Names?
}
