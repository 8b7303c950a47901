import Platform
import Sandbox

/// The stand-in for api.telegram.org by itself.
struct SandboxCommand: Command {
    static let name = "sandbox"
    static let arguments = "[--listen ADDRESS:PORT]"
    static let summary = "Runs the stand-in for api.telegram.org by itself"
    static let help = """
        Runs the stand-in for api.telegram.org (on 127.0.0.1:8081 unless told otherwise) until SIGTERM or SIGINT. \
        Its control side is under /sandbox.
        """

    private let listen: Endpoint

    init(_ words: [String]) throws(Arguments.UsageError) {
        let arguments = try Arguments(words, options: ["listen"])
        try arguments.refusePositional()
        guard let listen = Endpoint(arguments.value("listen") ?? "127.0.0.1:8081") else {
            throw Arguments.UsageError("--listen takes an address and a port, such as 127.0.0.1:8081")
        }
        self.listen = listen
    }

    func run(_ environment: ProcessEnvironment) async throws {
        let runtime = try Runtime(loops: 1, logger: Logger(format: .text))
        let shutdown = try await runtime.shutdownSignal()
        let sandbox = try await LocalSandbox(listen: listen, runtime: runtime)
        environment.print("sandbox listening on \(sandbox.url)")
        await shutdown.wait()
        await sandbox.stop()
    }
}
