import Platform
import Testing

@Suite("Letters and mail servers")
struct MailMessageTests {
    @Test("A letter is RFC 5322: headers in ASCII, subject and text encoded, lines short")
    func form() throws {
        let subject = "Приглашение: " + String(repeating: "🐦", count: 30)
        let message = try #require(
            MailMessage(to: "ada@example.org", subject: subject, text: "Zoë\n.\nEnd\n"))

        let text = String(decoding: message.bytes(from: "rookery@example.net"), as: UTF8.self)

        let parts = text.split(separator: "\r\n\r\n").map(String.init)
        let lines = text.split(separator: "\r\n", omittingEmptySubsequences: false).map(String.init)
        #expect(lines.allSatisfy { $0.utf8.count <= 76 && $0.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } })
        #expect(lines[0].wholeMatch(of: #/Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000/#) != nil)
        #expect(lines.contains("From: <rookery@example.net>") && lines.contains("To: <ada@example.org>"))
        #expect(lines.contains { $0.hasPrefix("Message-ID: <") && $0.hasSuffix("@example.net>") })
        let words = text.matches(of: #/=\?utf-8\?B\?([A-Za-z0-9+\/=]+)\?=/#).map { Base64.decode($0.1) }
        #expect(words.count > 1)
        #expect(words.map { String(decoding: $0 ?? [], as: UTF8.self) }.joined() == subject)
        let body = parts.last?.split(separator: "\r\n", omittingEmptySubsequences: false).map(String.init)
            .joined()
        #expect(
            body.flatMap { Base64.decode($0) }.map { String(decoding: $0, as: UTF8.self) }
                == "Zoë\r\n.\r\nEnd\r\n")
    }

    @Test("A subject cannot add a header")
    func injection() throws {
        let message = try #require(
            MailMessage(
                to: "ada@example.org", subject: "x\r\nBcc: eve@example.org", text: "\r\nBcc: eve@example.org")
        )

        let text = String(decoding: message.bytes(from: "rookery@example.net"), as: UTF8.self)

        #expect(!text.contains("Bcc"))
    }

    @Test(
        "What is no address gets no letter",
        arguments: [
            "", "ada", "a@b@c", "a b@c.d", "a@b.c\r\nBcc: x@y.z", "<a@b.c>", "ada@éxample.org", "a@b.c,d@e.f",
        ])
    func addresses(_ text: String) {
        #expect(MailMessage(to: text, subject: "", text: "") == nil)
    }

    @Test("A server's URL says whether and how the line is encrypted; only this machine may do without")
    func urls() {
        let far = SMTPServer("smtp://mail.example.org")
        let secure = SMTPServer("smtps://rook:p%40ss%3A@mail.example.org:4650/")
        let near = ["smtp://localhost:25", "smtp://127.0.0.9:25", "smtp://[::1]:25"].map { SMTPServer($0) }
        let wrong = [
            "http://x", "smtp://", "smtp://a b", "smtp://x:0", "smtp://x:y", "smtp://a:%0d%0a@x",
            "smtp://x/path",
            "smtp://[mail]:25", "mail.example.org:25",
        ]

        #expect(far?.encryption == .required && far?.port == 587 && far?.user == nil)
        #expect(secure?.encryption == .fromTheStart && secure?.port == 4650)
        #expect(secure?.user == "rook" && secure?.password == "p@ss:")
        #expect(near.allSatisfy { $0?.encryption == SMTPServer.Encryption.none })
        #expect(wrong.allSatisfy { SMTPServer($0) == nil })
        #expect(SMTPServer("smtp://localhost.example.org")?.encryption == .required)
    }
}
