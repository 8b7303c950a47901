import Platform

/// Finds the command that the words ask for, runs it, and turns what it throws into a line and an exit status.
struct CommandLineFront {
    static let version = "0.1.0"

    private static let commands: [any Command.Type] = [
        DevCommand.self, ServeCommand.self, MigrateCommand.self, TenantCreateCommand.self, BotAddCommand.self,
        BotsUsePollingCommand.self, BotsUseWebhookCommand.self,
        ConsumerAddCommand.self, PlatformAdminCreateCommand.self, SigningKeyRotateCommand.self,
        SecretsReencryptCommand.self, AuditVerifyCommand.self, SandboxCommand.self, ConfigCheckCommand.self,
    ]

    let words: [String]
    let environment: ProcessEnvironment

    func run() async -> ExitStatus {
        guard let first = words.first, first != "--help", first != "help" else {
            environment.print(Self.overview)
            return words.isEmpty ? .usage : .success
        }
        if first == "--version" {
            environment.print("rookery \(Self.version)")
            return .success
        }
        guard let command = Self.commands.first(where: { Self.matches($0, words) }) else {
            return complain(
                "there is no command \(words.prefix(2).joined(separator: " ")); see rookery --help", .usage)
        }
        if words.contains("--help") {
            environment.print("\(Self.usage(of: command))\n\(command.help)")
            return .success
        }
        do {
            let count = command.name.split(separator: " ").count
            try await command.init(Array(words.dropFirst(count))).run(environment)
            return .success
        } catch let error as Arguments.UsageError {
            return complain("\(error); see rookery \(command.name) --help", .usage)
        } catch let error as Settings.Invalid {
            for fault in error.faults { _ = complain("\(fault)", .configuration) }
            return .configuration
        } catch {
            return complain("\(error)", .failed)
        }
    }

    private static func usage(of command: any Command.Type) -> String {
        ["rookery", command.name, command.arguments].filter { !$0.isEmpty }.joined(separator: " ")
    }

    private static func matches(_ command: any Command.Type, _ words: [String]) -> Bool {
        words.starts(with: command.name.split(separator: " ").map(String.init))
    }

    private func complain(_ text: String, _ status: ExitStatus) -> ExitStatus {
        environment.printError("rookery: " + SecretMask.masked(text))
        return status
    }

    private static var overview: String {
        let lines = commands.map { "  rookery \($0.name)\n      \($0.summary)" }
        return """
            Rookery \(version) receives the updates of many Telegram bots, loses none, and hands each to its owner.

            \(lines.joined(separator: "\n"))

            Every command has --help. Settings come from the environment: rookery config check shows them.
            """
    }
}
