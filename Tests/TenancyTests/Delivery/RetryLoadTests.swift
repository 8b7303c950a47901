import Platform
import Testing

@testable import Tenancy

@Suite("Bytes of retries")
struct RetryLoadTests {
    private let unknown = RetryLoad.unknown

    @Test("A retry holds what its row might have until it is known, and gives all back at its end")
    func bytes() {
        let budget = WindowBudget().share(of: ID())
        var load = RetryLoad()

        let number = load.begin(in: budget)
        let first = load.bytes
        load.hold(700, in: number)
        let known = load.bytes
        let mayRead = load.mayRead(number, keeping: 700, in: budget)
        let second = load.bytes
        load.end(number)

        #expect((first, known, second) == (unknown, 700, unknown + 700))
        #expect(mayRead)
        #expect(load.bytes == 0)
        #expect(load.count == 0)
    }

    @Test("None begins nor reads on without room, but the only one always may")
    func room() {
        let budget = WindowBudget(limit: 0).share(of: ID())
        var load = RetryLoad()

        let mayBeginFirst = load.mayBegin(in: budget)
        let first = load.begin(in: budget)
        let beginning = load.bytes
        load.hold(10, in: first)
        let mayReadAlone = load.mayRead(first, keeping: 10, in: budget)
        let reading = load.bytes
        load.hold(10, in: first)
        let mayBeginSecond = load.mayBegin(in: budget)
        let second = load.begin(in: budget)
        let mayReadBesides = load.mayRead(first, in: budget)
        load.end(second)

        #expect(mayBeginFirst && mayReadAlone)
        #expect((beginning, reading) == (0, 10), "It takes nothing from others for what it might bring.")
        #expect(!mayBeginSecond && !mayReadBesides)
        #expect(load.bytes == 10)
    }

    @Test("What a row takes less than it might have lets others begin")
    func correction() {
        let share = WindowBudget(limit: 4 * unknown).share(of: ID())
        var load = RetryLoad()
        func begin() -> Int {
            let number = load.begin(in: share)
            share.exchange(share.held, for: load.bytes)
            return number
        }

        let numbers = [begin(), begin()]
        let isFull = !load.mayBegin(in: share)
        load.hold(unknown / 4, in: numbers[0])
        share.exchange(share.held, for: load.bytes)

        #expect(isFull)
        #expect(load.mayBegin(in: share))
    }

    @Test("Few rows are read at once, however much room there is")
    func readsAtOnce() {
        let budget = WindowBudget(limit: .max).share(of: ID())
        var load = RetryLoad()

        let numbers = (0..<RetryLoad.readsAtOnce).map { _ in load.begin(in: budget) }
        let mayBeginBesides = load.mayBegin(in: budget)
        load.hold(1, in: numbers[0])
        let mayBeginAfterOne = load.mayBegin(in: budget)
        _ = load.mayRead(numbers[0], keeping: 1, in: budget)
        let mayBeginBesidesNext = load.mayBegin(in: budget)
        load.end(numbers[1])

        #expect(!mayBeginBesides && mayBeginAfterOne && !mayBeginBesidesNext)
        #expect(load.mayBegin(in: budget))
    }
}
