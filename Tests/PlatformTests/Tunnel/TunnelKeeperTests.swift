import Glibc
import TestSupport
import Testing

@testable import Platform

/// With executables that stand in for the programs.
@Suite("Tunnels", .serialized, .timeLimit(.minutes(10)))
struct TunnelKeeperTests {
    @Test(
        "A program is started for the port and its address taken; when it dies another is, and its address taken"
    )
    func started() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        try Self.install("cloudflared", in: folder)

        try await Self.run(.cloudflared, folder) { keeper, told, loop in
            try await told.wait("an address", on: loop, within: .seconds(60)) {
                $0 == ["https://crow-1.trycloudflare.com"]
            }
            let first = try #require(await keeper.process)
            kill(first, SIGKILL)
            try await told.wait("another", on: loop, within: .seconds(60)) {
                $0.last == "https://crow-2.trycloudflare.com"
            }

            let arguments = try folder.read(folder.path + "/arguments").split(separator: "\n").map(
                String.init)
            #expect(
                arguments == Array(repeating: "tunnel --no-autoupdate --url http://127.0.0.1:8080", count: 2))
            #expect(await keeper.process != first)
            #expect(!told.all.contains(nil))
        }
    }

    @Test("What was started ends when the keeper does, also when it takes its time")
    func ended() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        try Self.install("ngrok", in: folder, before: "trap '' TERM")
        let process = Happenings<Int32>()

        try await Self.run(.ngrok, folder) { keeper, told, loop in
            try await told.wait("an address", on: loop, within: .seconds(60)) {
                $0 == ["https://crow-1.ngrok-free.app"]
            }
            process.add(try #require(await keeper.process))
        }

        #expect(process.all.allSatisfy { !ChildProcess.isRunning($0) } && process.all.count == 1)
    }

    @Test("It gets what it needs of the environment, and none of our secrets")
    func environment() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        try Self.install("ngrok", in: folder, before: "env > \(folder.path)/environment")

        try await Self.run(.ngrok, folder) { _, told, loop in
            try await told.wait("an address", on: loop, within: .seconds(60)) { !$0.isEmpty }
        }

        let names = try folder.read(folder.path + "/environment").split(separator: "\n").map {
            String($0.prefix { $0 != "=" })
        }
        let shells = ["PWD", "SHLVL", "_", "OLDPWD"]
        #expect(names.contains("HOME") == (getenv("HOME") != nil) && names.contains("PATH"))
        #expect(Set(names).isSubset(of: TunnelProgram.variables + ["PATH", "LC_ALL", "TZ"] + shells))
    }

    @Test("A tunnel that runs already is used instead, and one that goes away is told after a while")
    func found() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        try Self.install("ngrok", in: folder)
        let isUp = Happenings<Bool>()
        let agent = try StubServer.answering { _ in
            isUp.all.isEmpty
                ? httpAnswer(
                    body: """
                        {"tunnels":[{"public_url":"https://jackdaw.ngrok-free.app",\
                        "config":{"addr":"http://localhost:8080"}}]}
                        """)
                : httpAnswer(body: #"{"tunnels":[]}"#)
        }
        defer { agent.stop() }

        try await Self.run(nil, folder, places: .init(ngrok: [agent.url], cloudflared: [])) {
            keeper, told, loop in
            try await told.wait("the agent's", on: loop, within: .seconds(60)) {
                $0 == ["https://jackdaw.ngrok-free.app"]
            }
            isUp.add(false)
            try await told.wait("none", on: loop, within: .seconds(60)) { $0.last == .some(nil) }

            #expect(await keeper.process == nil)
        }
        try await Self.run(.ngrok, folder, places: .init(ngrok: [agent.url], cloudflared: [])) {
            _, told, loop in
            try await told.wait("its own", on: loop, within: .seconds(60)) {
                $0 == ["https://crow-1.ngrok-free.app"]
            }
        }
    }

    @Test(
        "A program that is not there, or ends at once, is tried again and says nothing of its own in the log")
    func failing() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let lines = Happenings<String>()
        let logger = Logger(minimum: .trace, format: .text) { lines.add($0) }

        try await Self.run(.ngrok, folder, logger: logger) { _, told, loop in
            try await lines.wait("a word", on: loop, within: .seconds(60)) { lines in
                lines.contains { $0.contains("not installed") }
            }
            try folder.write(
                "ngrok.new", "#!/bin/sh\necho started >> \(folder.path)/starts\necho authtoken: canary\n")
            chmod(folder.path + "/ngrok.new", 0o755)
            rename(folder.path + "/ngrok.new", folder.path + "/ngrok")
            try await lines.wait("three ends", on: loop, within: .seconds(60)) { lines in
                lines.count { $0.contains("has ended") } >= 3
            }

            #expect(told.all.isEmpty)
        }

        #expect(try folder.read(folder.path + "/starts").split(separator: "\n").count >= 3)
        #expect(!lines.all.contains { $0.contains("canary") })
    }

    /// A stand-in that notes how it was called, tells an address with the number of the start in it, and stays.
    private static func install(_ name: String, in folder: TemporaryFolder, before: String = ":") throws {
        let address =
            name == "ngrok"
            ? #"t=1 lvl=info msg="started tunnel" obj=tunnels addr=http://x url=https://crow-$n.ngrok-free.app"#
            : "1 INF |  https://crow-$n.trycloudflare.com  |"
        try folder.write(
            name,
            """
            #!/bin/sh
            \(before)
            echo "$@" >> \(folder.path)/arguments
            n=$(wc -l < \(folder.path)/arguments)
            cat <<END
            \(address)
            END
            while :; do sleep 1; done

            """)
        chmod("\(folder.path)/\(name)", 0o755)
    }

    private static func run(
        _ program: TunnelProgram?, _ folder: TemporaryFolder,
        places: TunnelSearch.Places = .init(ngrok: [], cloudflared: []),
        logger: Logger = Logger(minimum: .error, write: { _ in }),
        _ body: @escaping @Sendable (TunnelKeeper, Happenings<String?>, EventLoop) async throws -> Void
    ) async throws {
        let blocking = try BlockingPool(threads: 1)
        defer { blocking.stop() }
        try await withClient { client, loop in
            var times = TunnelKeeper.Times()
            times.search = .milliseconds(20)
            times.output = .milliseconds(20)
            times.restart = .milliseconds(50)
            // Long enough for a program to be started again on a machine that stalls.
            times.patience = program == nil ? .milliseconds(200) : .seconds(300)
            let told = Happenings<String?>()
            let keeper = TunnelKeeper(
                port: 8080, program: program, path: folder.path + ":/nowhere",
                search: TunnelSearch(client: client, places: places), times: times, loop: loop,
                blocking: blocking, logger: logger
            ) { told.add($0) }
            let running = Task(executorPreference: loop) { await keeper.run() }
            let result: Result<Void, any Error>
            do { result = .success(try await body(keeper, told, loop)) } catch { result = .failure(error) }
            running.cancel()
            await running.value
            try result.get()
        }
    }
}
