import Platform
import Testing

@testable import Sandbox

@Suite("The calls of all bots")
struct CallLedgerTests {
    private let now = Timestamp(microsecondsSince1970: 1_000_000_000_000)

    @Test("Calls are found by method, and counted by status, whosever they were")
    func findsAndCounts() {
        var ledger = CallLedger(limit: 100)

        for (method, bot, status) in [
            ("getMe", 1, 200), ("getUpdates", 1, 409), ("GETME", 2, 200), ("getme", nil, 401),
        ]
            as [(String, Int64?, Int)]
        {
            ledger.answered(ledger.record(method, by: bot, at: now), method, status: status)
        }
        let found = Array(ledger.after(1, method: "getMe"))

        #expect(found.map(\.telegramID) == [2, nil])
        #expect(found.map(\.status) == [200, 401])
        #expect(ledger.counts == ["getme": [200: 2, 401: 1], "getupdates": [409: 1]])
    }

    @Test("Past the limit the oldest are forgotten, but not their count")
    func forgets() {
        var ledger = CallLedger(limit: 4)

        for _ in 1...9 { ledger.answered(ledger.record("getMe", by: 1, at: now), "getMe", status: 200) }
        let found = Array(ledger.after(0, method: nil))

        #expect(found.last?.id == 9)
        #expect(found.count <= 5)
        #expect(found.allSatisfy { $0.status == 200 })
        #expect(ledger.counts == ["getme": [200: 9]])
    }
}
