import Synchronization

/// Whether the node is on its way out, for the readiness check to tell.
final class DrainingFlag: Sendable {
    private let flag = Atomic(false)

    var isRaised: Bool { flag.load(ordering: .relaxed) }
    func raise() { flag.store(true, ordering: .relaxed) }
}
