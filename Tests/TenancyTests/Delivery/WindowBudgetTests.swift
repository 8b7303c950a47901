import Platform
import Testing

@testable import Tenancy

@Suite("Window budget")
struct WindowBudgetTests {
    @Test("A tenant may hold as much as is free, so there is room for one that holds little")
    func room() {
        let budget = WindowBudget()
        let (greedy, other) = (budget.share(of: ID()), budget.share(of: ID()))

        greedy.exchange(0, for: 31 << 20)
        let alone = (greedy.hasRoom(for: 2 << 20), greedy.hasRoom(for: 3 << 20))
        greedy.exchange(31 << 20, for: 40 << 20)
        other.exchange(0, for: 2 << 20)

        #expect(alone == (true, false))
        #expect(!greedy.hasRoom(for: 1))
        #expect(other.hasRoom(for: 20 << 20))
        #expect(budget.held == 42 << 20)
    }

    @Test("The consumers of a tenant have one share, which ends with them")
    func shares() {
        let budget = WindowBudget()
        let tenant = ID<Tenant>()
        var first: WindowBudget.Share? = budget.share(of: tenant)
        first?.exchange(0, for: 10)

        let isShared = budget.share(of: tenant) === first
        first?.exchange(10, for: 0)
        first = nil

        #expect(isShared)
        #expect(budget.share(of: tenant).held == 0)
    }
}
