import Platform
import Sandbox

/// The stand-in for api.telegram.org by itself.
struct SandboxCommand: Command {
    static let name = "sandbox"
    static let arguments =
        "[--listen ADDRESS:PORT] [--speed N] [--new-tokens-per-minute N] [--new-tokens-per-hour N]"
    static let summary = "Runs the stand-in for api.telegram.org by itself"
    static let help = """
        Runs the stand-in for api.telegram.org (on 127.0.0.1:8081 unless told otherwise) until SIGTERM or SIGINT. \
        Its control side is under /sandbox.

        --speed N                    its time runs N times as fast: retries, expiries, limits and long polls
        --new-tokens-per-minute N    an address may come with so many tokens not seen before (Telegram: about 20);
        --new-tokens-per-hour N      and in an hour (about 600); without both, with as many as it likes
        """

    private let listen: Endpoint
    private let configuration: SandboxConfiguration

    init(_ words: [String]) throws(Arguments.UsageError) {
        let arguments = try Arguments(
            words, options: ["listen", "speed", "new-tokens-per-minute", "new-tokens-per-hour"])
        try arguments.refusePositional()
        guard let listen = Endpoint(arguments.value("listen") ?? "127.0.0.1:8081") else {
            throw Arguments.UsageError("--listen takes an address and a port, such as 127.0.0.1:8081")
        }
        self.listen = listen
        guard let speed = Double(arguments.value("speed") ?? "1"), (0.001...100_000).contains(speed) else {
            throw Arguments.UsageError("--speed takes a number from 0.001 to 100000")
        }
        var configuration = SandboxConfiguration(speed: speed)
        let perMinute = try Self.count("new-tokens-per-minute", in: arguments)
        let perHour = try Self.count("new-tokens-per-hour", in: arguments)
        if perMinute != nil || perHour != nil {
            let standard = NewTokenLimit()
            configuration.newTokens = NewTokenLimit(
                perMinute: perMinute ?? standard.perMinute, perHour: perHour ?? standard.perHour)
        }
        self.configuration = configuration
    }

    private static func count(_ name: String, in arguments: Arguments) throws(Arguments.UsageError) -> Int? {
        guard let text = arguments.value(name) else { return nil }
        guard let number = Int(text), (1...1_000_000).contains(number) else {
            throw Arguments.UsageError("--\(name) takes a number from 1 to 1000000")
        }
        return number
    }

    func run(_ environment: ProcessEnvironment) async throws {
        let runtime = try Runtime(loops: 1, logger: Logger(format: .text))
        let shutdown = try await runtime.shutdownSignal()
        let sandbox = try await LocalSandbox(listen: listen, configuration: configuration, runtime: runtime)
        environment.print("sandbox listening on \(sandbox.url)")
        await shutdown.wait()
        await sandbox.stop()
    }
}
