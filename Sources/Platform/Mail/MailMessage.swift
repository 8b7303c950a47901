import FoundationEssentials
import Glibc

/// A letter in plain text to one person.
package struct MailMessage: Sendable {
    package let recipient: String
    package let subject: String
    package let text: String
    private let id = UUID.version7()
    private let written = Timestamp.now

    /// - Returns: nil for an address that is none, so that nothing else than an address ever reaches a header.
    package init?(to recipient: String, subject: String, text: String) {
        guard EmailAddress.isValid(recipient) else { return nil }
        self.recipient = recipient
        self.subject = subject
        self.text = text
    }

    /// The letter as it is sent (RFC 5322): text in UTF-8 as base64, so that no line of it is a header's or a dot.
    /// - Parameter sender: a valid address.
    package func bytes(from sender: String) -> [UInt8] {
        let domain = sender.split(separator: "@").last ?? "localhost"
        let headers = [
            "Date: \(written.mailDate)",
            "From: <\(sender)>",
            "To: <\(recipient)>",
            "Message-ID: <\(id.uuidString.lowercased())@\(domain)>",
            "Subject: \(Self.encodedWords(subject))",
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: base64",
            "Auto-Submitted: auto-generated",
        ]
        let body = Array(text.replacing("\n", with: "\r\n").utf8)
        return Array((headers + [""] + Self.base64Lines(body) + [""]).joined(separator: "\r\n").utf8)
    }

    /// RFC 2047 section 2: always encoded, lines of at most 76 characters, no character cut in two.
    private static func encodedWords(_ text: String) -> String {
        var words: [[UInt8]] = [[]]
        for scalar in text.unicodeScalars {
            let bytes = Array(String(Character(scalar)).utf8)
            if words[words.count - 1].count + bytes.count > 39 { words.append([]) }
            words[words.count - 1] += bytes
        }
        return words.map { "=?utf-8?B?\(Base64.encode($0))?=" }.joined(separator: "\r\n ")
    }

    /// RFC 2045 section 6.8: lines of at most 76 characters.
    private static func base64Lines(_ bytes: [UInt8]) -> [String] {
        stride(from: 0, to: bytes.count, by: 57).map {
            Base64.encode(bytes[$0..<min($0 + 57, bytes.count)])
        }
    }
}

extension Timestamp {
    /// RFC 5322 section 3.3: `Fri, 20 Nov 2026 14:22:18 +0000`.
    fileprivate var mailDate: String {
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        var seconds = time_t(secondsSince1970)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(days[Int(parts.tm_wday)]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon)]) "
            + "\(parts.tm_year + 1900) \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) +0000"
    }
}
