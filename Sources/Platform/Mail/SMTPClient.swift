import CCurl

/// Hands letters to a mail server (RFC 5321), through libcurl. It blocks, so it is for a blocking pool.
package struct SMTPClient: Sendable {
    /// Its text names neither the recipient nor what the server said, which may quote the letter.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
        /// Whether the server will say the same the next time.
        package let isFinal: Bool
    }

    private let server: SMTPServer
    private let sender: String

    /// - Parameter sender: a valid address, the sender of all letters.
    package init(server: SMTPServer, sender: String) {
        self.server = server
        self.sender = sender
    }

    /// - Throws: `Failure`
    package func send(_ message: MailMessage) throws {
        guard CurlLibrary.isReady, let handle = curl_easy_init(),
            let recipients = curl_slist_append(nil, "<\(message.recipient)>")
        else { throw Failure(description: "libcurl is out of memory", isFinal: false) }
        let letter = Letter(message.bytes(from: sender))
        defer {
            curl_easy_cleanup(handle)
            curl_slist_free_all(recipients)
        }
        restrict(handle)
        set(handle, CURLOPT_URL, server.url)
        if let user = server.user { set(handle, CURLOPT_USERNAME, user) }
        if let password = server.password { set(handle, CURLOPT_PASSWORD, password) }
        set(handle, CURLOPT_MAIL_FROM, "<\(sender)>")
        shim_easy_set_pointer(handle, CURLOPT_MAIL_RCPT, recipients)
        shim_easy_set_long(handle, CURLOPT_UPLOAD, 1)
        shim_easy_set_size(handle, CURLOPT_INFILESIZE_LARGE, curl_off_t(letter.bytes.count))
        shim_easy_set_pointer(handle, CURLOPT_READDATA, Unmanaged.passUnretained(letter).toOpaque())
        shim_easy_set_reader(handle) { buffer, size, count, context in
            guard let buffer, let context else { return 0 }
            let room = UnsafeMutableRawBufferPointer(start: buffer, count: size * count)
            return Unmanaged<Letter>.fromOpaque(context).takeUnretainedValue().read(into: room)
        }
        let code = withExtendedLifetime(letter) { curl_easy_perform(handle) }
        guard code != CURLE_OK else { return }
        let answer = shim_easy_response_code(handle)
        throw Failure(
            description: String(cString: curl_easy_strerror(code)) + (answer > 0 ? " (\(answer))" : ""),
            isFinal: (500..<600).contains(answer) || code == CURLE_LOGIN_DENIED)
    }

    private func restrict(_ handle: UnsafeMutableRawPointer) {
        set(handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps")
        set(handle, CURLOPT_PROXY, "")
        let usage = server.encryption == .none ? CURLUSESSL_NONE : CURLUSESSL_ALL
        let settings = [
            (CURLOPT_NOSIGNAL, 1), (CURLOPT_NETRC, 0), (CURLOPT_CONNECTTIMEOUT_MS, 10_000),
            (CURLOPT_TIMEOUT_MS, 30_000), (CURLOPT_USE_SSL, Int(usage.rawValue)),
            (CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2)), (CURLOPT_SSL_VERIFYPEER, 1),
            (CURLOPT_SSL_VERIFYHOST, 2),
        ]
        for (option, value) in settings { shim_easy_set_long(handle, option, value) }
    }

    private func set(_ handle: UnsafeMutableRawPointer, _ option: CURLoption, _ value: String) {
        _ = value.withCString { shim_easy_set_pointer(handle, option, $0) }
    }
}

/// What libcurl reads a letter from. Used on one thread, while `send` runs.
private final class Letter {
    let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func read(into room: UnsafeMutableRawBufferPointer) -> Int {
        let part = bytes[position...].prefix(room.count)
        room.copyBytes(from: part)
        position += part.count
        return part.count
    }
}
