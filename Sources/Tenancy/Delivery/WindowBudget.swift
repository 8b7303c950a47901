import Platform

/// How many bytes of updates the windows and retries of one event loop hold, all consumers together, and each tenant's.
///
/// A tenant may hold as much as is free: one alone half of all, two a third each, and so on. So there is always room
/// for one that holds little, whatever the others do.
///
/// `@unchecked Sendable`: confined to the loop's thread.
final class WindowBudget: @unchecked Sendable {
    /// One tenant's part.
    final class Share: @unchecked Sendable {
        private let budget: WindowBudget
        private(set) var held = 0

        fileprivate init(_ budget: WindowBudget) { self.budget = budget }

        func hasRoom(for bytes: Int) -> Bool {
            held + budget.held + bytes <= budget.limit
        }

        /// A consumer that held `old` bytes holds `new` from now on, whether or not there is room.
        func exchange(_ old: Int, for new: Int) {
            held += new - old
            budget.held += new - old
        }
    }

    private let limit: Int
    private(set) var held = 0
    private var shares: [ID<Tenant>: WeakShare] = [:]
    private var tidyAt = 64

    init(limit: Int = 64 << 20) { self.limit = limit }

    /// Tenants' consumers on this loop have it together.
    func share(of tenant: ID<Tenant>) -> Share {
        if let share = shares[tenant]?.share { return share }
        if shares.count >= tidyAt {
            shares = shares.filter { $0.value.share != nil }
            tidyAt = max(64, shares.count * 2)
        }
        let share = Share(self)
        shares[tenant] = WeakShare(share: share)
        return share
    }

    private struct WeakShare { weak var share: Share? }
}
