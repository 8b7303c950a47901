/// What one client may ask of the server. Sizes in bytes.
package struct HTTPLimits: Sendable {
    package var body = 1024 * 1024
    /// Up to this a body is read without asking the head check: reading it costs less.
    package var smallBody = 16 * 1024
    /// Of all bodies together that one loop holds, from their first byte to their answer.
    package var bodies = 64 * 1024 * 1024
    /// Of all answers together that one loop holds until they are sent. Not counted are streamed ones, those up to
    /// 16 KiB, and bodies that answers share.
    package var answers = 64 * 1024 * 1024
    /// Past that, for first answers to addresses that hold none. Trusted proxies have no part in it.
    package var firstAnswers = 64 * 1024 * 1024
    /// Of those to one address, an IPv6 address with its /64. Trusted proxies do not count.
    package var answersByAddress = 16 * 1024 * 1024
    /// Request line and header fields together.
    package var head = 16 * 1024
    package var url = 8 * 1024
    /// Open at once on one loop; more wait in the kernel's backlog.
    package var connections = 4096
    /// Open at once from one address on one loop. Trusted proxies do not count.
    package var connectionsByAddress = 256
    /// Between two requests, until the next request line is complete.
    package var idle: Duration = .seconds(75)
    /// From the request line to the end of the body.
    package var requestTime: Duration = .seconds(30)
    /// From the end of the body to the answer.
    package var handler: Duration = .seconds(30)
    /// For a whole answer to be taken by the client; for a streamed one, for each piece.
    package var writing: Duration = .seconds(60)
    /// What a streamed answer holds back before its writer has to wait.
    package var streamBuffer = 64 * 1024
    /// How often deadlines are looked at.
    package var sweep: Duration = .seconds(1)

    package init() {}
}
