import Testing

@testable import Tenancy

@Suite("Window budget")
struct WindowBudgetTests {
    @Test("There is room until the windows of all consumers together are full")
    func room() {
        let budget = WindowBudget()

        budget.exchange(0, for: 60 << 20)
        let first = (budget.hasRoom(for: 4 << 20), budget.hasRoom(for: 5 << 20))
        budget.exchange(60 << 20, for: 1 << 20)
        budget.exchange(0, for: 2 << 20)

        #expect(first == (true, false))
        #expect(budget.held == 3 << 20)
        #expect(budget.hasRoom(for: 5 << 20))
    }
}
