import Glibc

/// A tunnel program that was started here, and ends with us: by `end`, and by a signal from the system should this
/// process die without a word.
///
/// What it writes is looked at for the address and for nothing else: it may name the account's secrets.
final class TunnelProcess {
    private static let longestLine = 8192

    private let program: TunnelProgram
    private let child: ChildProcess
    private let output: Int32
    private var line: [UInt8] = []
    /// The last one that it has told.
    private(set) var address: String?

    /// Blocks.
    /// - Parameter path: of the program.
    static func start(
        _ program: TunnelProgram, _ path: String, port: UInt16
    ) throws -> (ChildProcess, output: Int32) {
        // The system's signal comes when the thread ends that has started the child: one of the blocking pool, which
        // lives as long as the process does.
        try ChildProcess.start(
            ["setpriv", "--pdeathsig", "TERM", "--"] + program.command(path, port: port),
            passing: TunnelProgram.variables)
    }

    init(_ program: TunnelProgram, _ child: ChildProcess, output: Int32) {
        self.program = program
        self.child = child
        self.output = output
    }

    deinit { close(output) }

    var identifier: pid_t { child.identifier }
    var isRunning: Bool { ChildProcess.isRunning(child.identifier) }

    /// Takes what it has written since the last time. To be called often, or it waits for us to read.
    func read() {
        var chunk = [UInt8](repeating: 0, count: 4096)
        while case let count = Glibc.read(output, &chunk, chunk.count), count > 0 {
            for byte in chunk[..<count] {
                if byte == UInt8(ascii: "\n") {
                    address = program.address(in: String(decoding: line, as: UTF8.self)) ?? address
                    line.removeAll(keepingCapacity: true)
                } else if line.count < Self.longestLine {
                    line.append(byte)
                }
            }
        }
    }

    /// Sent to its whole group.
    func signal(_ number: Int32) { kill(-child.identifier, number) }
}
