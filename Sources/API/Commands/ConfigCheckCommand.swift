import Platform

/// Shows every setting and all faults at once.
struct ConfigCheckCommand: Command {
    static let name = "config check"
    static let arguments = ""
    static let summary = "Shows every setting and what is wrong with them"
    static let help = """
        Shows every setting: its value (secrets masked), where it comes from, and all faults at once. Ends with \
        status 78 when there are any.
        """

    init(_ words: [String]) throws(Arguments.UsageError) {
        try Arguments(words).refusePositional()
    }

    func run(_ environment: ProcessEnvironment) async throws {
        var reader = SettingsReader(environment: environment.variables)
        _ = Settings(&reader)
        let width = reader.readings.map(\.name.count).max() ?? 0
        for reading in reader.readings {
            let name = reading.name + String(repeating: " ", count: width - reading.name.count)
            environment.print("\(name)  \(reading.value.isEmpty ? "-" : reading.value)  (\(reading.source))")
        }
        if !reader.faults.isEmpty { throw Settings.Invalid(faults: reader.faults) }
    }
}
