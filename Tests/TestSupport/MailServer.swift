import Glibc
import Platform
import Synchronization

/// A mail server on a free port of 127.0.0.1, which speaks as much SMTP as a client needs and keeps what it is sent.
/// One thread serves one connection after the other, until `stop`.
package final class MailServer: Sendable {
    package struct Letter: Sendable {
        package let sender: String
        package let recipient: String
        /// As it came over the line, without the dot at the end.
        package let text: String
    }

    package let port: UInt16
    private let socket: Int32
    private let kept = Mutex<[Letter]>([])
    private let answers: Mutex<[String]>
    private let recipients = Mutex(0)

    /// - Parameter answers: what the first recipients are answered; all others are taken.
    package init(recipientAnswers answers: [String] = []) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let (descriptor, length) = (socket, size)
        let isListening = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 16) == 0
                    && getsockname(descriptor, $0, &size) == 0
            }
        }
        guard isListening else { throw SystemError(call: "listen", code: errno) }
        port = UInt16(bigEndian: address.sin_port)
        self.answers = Mutex(answers)
        let retained = Unmanaged.passRetained(self)
        var thread: pthread_t = 0
        pthread_create(
            &thread, nil,
            { context in
                Unmanaged<MailServer>.fromOpaque(context!).takeRetainedValue().serve()
                return nil
            }, retained.toOpaque())
        pthread_detach(thread)
    }

    /// How many recipients were named.
    package var asked: Int { recipients.withLock { $0 } }

    package var letters: [Letter] { kept.withLock { $0 } }

    package func stop() { shutdown(socket, Int32(SHUT_RDWR)) }

    private func serve() {
        while case let connection = accept(socket, nil, nil), connection >= 0 {
            talk(on: connection)
            close(connection)
        }
        close(socket)
    }

    private func talk(on connection: Int32) {
        guard let lines = fdopen(connection, "r") else { return }
        func say(_ line: String) {
            var text = line + "\r\n"
            text.withUTF8 { _ = send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        }
        var (sender, recipient) = ("", "")
        say("220 mail.test ESMTP")
        while let line = Self.line(lines) {
            switch line.prefix(4).uppercased() {
            case "MAIL": (sender, _) = (line, say("250 ok"))
            case "RCPT":
                recipient = line
                recipients.withLock { $0 += 1 }
                say(answers.withLock { $0.isEmpty ? "250 ok" : $0.removeFirst() })
            case "DATA":
                say("354 go on")
                var text = ""
                while let line = Self.line(lines), line != "." { text += line + "\r\n" }
                kept.withLock { $0.append(Letter(sender: sender, recipient: recipient, text: text)) }
                say("250 kept")
            case "QUIT": return say("221 bye")
            default: say("250 ok")
            }
        }
    }

    private static func line(_ file: UnsafeMutablePointer<FILE>) -> String? {
        var buffer: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(buffer) }
        guard getline(&buffer, &capacity, file) >= 0, let buffer else { return nil }
        return String(String(cString: buffer).filter { !$0.isNewline })
    }
}
