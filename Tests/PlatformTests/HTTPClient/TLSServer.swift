import Glibc
import TestSupport

@testable import Platform

/// An authority of the test's own, which vouches for `localhost`.
struct TestAuthority {
    private let folder: TemporaryFolder
    let certificate: String

    init() async throws {
        let folder = try TemporaryFolder()
        self.folder = folder
        certificate = folder.path + "/authority.pem"
        try folder.write("names", "subjectAltName=DNS:localhost\n")
        try await offPool {
            try Self.openssl(
                "req -x509 \(Self.key) -keyout authority.key -out authority.pem", "/CN=Nest", folder)
            try Self.openssl("req -x509 \(Self.key) -keyout self.key -out self.pem", "/CN=localhost", folder)
            try Self.openssl("req \(Self.key) -keyout server.key -out server.csr", "/CN=localhost", folder)
            try Self.openssl(
                """
                x509 -req -in server.csr -CA authority.pem -CAkey authority.key -CAcreateserial -out server.pem \
                -days 2 -extfile names
                """, nil, folder)
        }
    }

    func remove() { folder.remove() }

    /// A server with the authority's certificate, or one that it gave itself.
    func server(_ certificate: String = "server", options: [String] = []) async throws -> TLSServer {
        try await TLSServer(
            [
                "-cert", "\(folder.path)/\(certificate).pem", "-key", "\(folder.path)/\(certificate).key",
            ] + options)
    }

    private static let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"

    /// In the folder: names of files have no path in front.
    private static func openssl(_ options: String, _ subject: String?, _ folder: TemporaryFolder) throws {
        var arguments = options.split(separator: " ").map(String.init)
        for index in arguments.indices where Self.isFile(arguments[index]) {
            arguments[index] = "\(folder.path)/\(arguments[index])"
        }
        if let subject { arguments += ["-subj", subject] }
        let ended = try ChildProcess.run(["openssl"] + arguments)
        guard ended.status == 0 else { throw Failure(words: ended.output) }
    }

    private static func isFile(_ word: String) -> Bool {
        word == "names" || [".pem", ".key", ".csr"].contains { word.hasSuffix($0) }
    }

    struct Failure: Error { let words: String }
}

/// `openssl s_server` on a free port of this machine, which answers a GET with a page.
struct TLSServer: Sendable {
    let port: Int
    private let child: ChildProcess
    private let output: Int32

    fileprivate init(_ options: [String]) async throws {
        let (child, output) = try ChildProcess.start(
            ["openssl", "s_server", "-accept", "127.0.0.1:0", "-www"] + options, passing: [])
        self.child = child
        self.output = output
        port = try await offPool { try Self.port(saidOn: output) }
    }

    /// Reads until the server says where it listens.
    private static func port(saidOn output: Int32) throws -> Int {
        var text = ""
        var ready = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
        while poll(&ready, 1, 60_000) == 1 {
            var chunk = [UInt8](repeating: 0, count: 4096)
            let count = read(output, &chunk, chunk.count)
            guard count > 0 else { break }
            text += String(decoding: chunk[..<count], as: UTF8.self)
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            if let line = lines.first(where: { $0.hasPrefix("ACCEPT ") }),
                let port = line.split(separator: ":").last.flatMap({ Int($0) })
            {
                return port
            }
        }
        throw TestAuthority.Failure(words: text)
    }

    func stop() {
        kill(child.identifier, SIGKILL)
        waitpid(child.identifier, nil, 0)
        close(output)
    }
}
