/// Which kinds of update a bot gets; setWebhook and getUpdates share it.
struct AllowedUpdates: Sendable, Equatable {
    private(set) var kinds = UpdateKind.defaults

    /// A kind that the sandbox does not know passes always: no list could name it.
    func contains(_ kind: UpdateKind) -> Bool { !kind.isKnown || kinds.contains(kind) }

    /// nil when it is the default.
    var names: [String]? {
        kinds == UpdateKind.defaults ? nil : UpdateKind.all.filter(kinds.contains).map(\.name)
    }

    /// Takes over the parameter `allowed_updates`: absent keeps what was, names not known are ignored, and
    /// none left means the defaults.
    mutating func take(from parameters: CallParameters) {
        guard let names = parameters.structure("allowed_updates")?.arrayValue else { return }
        let asked = Set(names.compactMap { $0.stringValue.map { UpdateKind(name: $0.lowercased()) } })
        let named = asked.intersection(UpdateKind.all)
        kinds = named.isEmpty ? UpdateKind.defaults : named
    }
}
