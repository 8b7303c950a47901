import Platform
import Synchronization
import TestSupport
import Testing

@Suite("Outbox", .serialized, .timeLimit(.minutes(10)))
struct MailOutboxTests {
    private static let letter = MailMessage(to: "ada@example.org", subject: "Nest", text: "Come in.\n")

    /// Runs an outbox with short waits until `body` ends. Gives what was logged.
    private static func with(
        _ server: SMTPServer, _ body: @escaping @Sendable (MailOutbox, EventLoop) async throws -> Void
    ) async throws -> [String] {
        let loop = try EventLoop()
        try loop.start()
        let logged = Mutex<[String]>([])
        let logger = Logger(minimum: .trace, write: { line in logged.withLock { $0.append(line) } })
        let outbox = try MailOutbox(
            client: SMTPClient(server: server, sender: "rookery@example.net"), loop: loop, logger: logger,
            waits: [.milliseconds(1), .milliseconds(1)])
        let running = Task(executorPreference: loop) { await outbox.run() }
        let result = await Task { try await body(outbox, loop) }.result
        running.cancel()
        await running.value
        loop.stop()
        try result.get()
        return logged.withLock { $0 }
    }

    private static func eventually(_ loop: EventLoop, _ isTrue: () -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while !isTrue() {
            guard ContinuousClock.now < deadline else { throw TimedOut("the mail server") }
            try await loop.sleep(for: .milliseconds(5))
        }
    }

    @Test("A letter reaches the server with sender and recipient")
    func sent() async throws {
        let server = try MailServer()
        defer { server.stop() }
        let letter = try #require(Self.letter)

        let log = try await Self.with(try #require(SMTPServer("smtp://127.0.0.1:\(server.port)"))) {
            outbox, loop in
            outbox.send(letter)
            try await Self.eventually(loop) { server.letters.count == 1 }
        }

        #expect(server.letters[0].sender.contains("<rookery@example.net>"))
        #expect(server.letters[0].recipient.contains("<ada@example.org>"))
        #expect(server.letters[0].text.contains("Subject: =?utf-8?B?\(Base64.encode("Nest".utf8))?="))
        #expect(log.isEmpty)
    }

    @Test("What fails for a while is sent again, one after the other's delay")
    func again() async throws {
        let server = try MailServer(recipientAnswers: ["451 later", "451 later"])
        defer { server.stop() }
        let letter = try #require(Self.letter)

        let log = try await Self.with(try #require(SMTPServer("smtp://127.0.0.1:\(server.port)"))) {
            outbox, loop in
            outbox.send(letter)
            try await Self.eventually(loop) { server.letters.count == 1 }
        }

        #expect(log.isEmpty)
    }

    @Test(
        "What is refused is logged once, without the recipient: at once when for good, else after the last try",
        arguments: [["550 no such nest ada@example.org"], Array(repeating: "451 later", count: 3)])
    func refused(_ answers: [String]) async throws {
        let server = try MailServer(recipientAnswers: answers)
        defer { server.stop() }
        let letter = try #require(Self.letter)
        let other = try #require(MailMessage(to: "bob@example.org", subject: "", text: ""))

        let log = try await Self.with(try #require(SMTPServer("smtp://127.0.0.1:\(server.port)"))) {
            outbox, loop in
            outbox.send(letter)
            try await Self.eventually(loop) { server.asked == answers.count }
            outbox.send(other)
            try await Self.eventually(loop) { server.letters.count == 1 }
        }

        #expect(server.letters[0].recipient.contains("bob@"))
        #expect(log.count == 1 && !log[0].contains("ada@"))
    }

    @Test("A server that is not this machine must encrypt: without STARTTLS nothing is sent")
    func encryption() async throws {
        let server = try MailServer()
        defer { server.stop() }
        let client = SMTPClient(
            server: SMTPServer(
                host: "127.0.0.1", port: server.port, user: "rook", password: "hush", encryption: .required),
            sender: "rookery@example.net")
        let letter = try #require(Self.letter)

        #expect(throws: SMTPClient.Failure.self) { try client.send(letter) }

        #expect(server.letters.isEmpty && server.asked == 0)
    }
}
