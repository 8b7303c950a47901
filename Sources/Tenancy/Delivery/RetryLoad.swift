/// The retries of one consumer that are under way, and the bytes that they hold of the `WindowBudget`: each as much as
/// an update may have while a row is being read for it, and as much as the row has from then on.
///
/// One retry of a consumer may always be under way, and read on, so that none waits for what others hold. Where there
/// is no room for it, it holds nothing while it reads: many such must not take from others what they hardly ever need.
struct RetryLoad {
    /// Of a row that is being read: what a webhook may bring.
    static let unknown = 1 << 20
    /// So that many small rows do not keep the windows from reading ahead by what they might have been.
    static let readsAtOnce = 8

    private struct Retry {
        var bytes: Int
        var isReading: Bool
    }

    private var retries: [Int: Retry] = [:]
    private var lastNumber = 0
    private var reading = 0
    private(set) var bytes = 0

    var count: Int { retries.count }

    /// Whether one more may begin.
    func mayBegin(in budget: WindowBudget.Share) -> Bool {
        retries.isEmpty || mayRead(Self.unknown, in: budget)
    }

    private func mayRead(_ more: Int, in budget: WindowBudget.Share) -> Bool {
        reading < Self.readsAtOnce && budget.hasRoom(for: more)
    }

    /// - Returns: the number of the new one, which may read its first row.
    mutating func begin(in budget: WindowBudget.Share) -> Int {
        lastNumber += 1
        let bytes = budget.hasRoom(for: Self.unknown) ? Self.unknown : 0
        set(Retry(bytes: bytes, isReading: true), lastNumber)
        return lastNumber
    }

    /// Before a row is read.
    /// - Parameter kept: bytes that are held besides meanwhile.
    /// - Returns: false when it may not be read now; then all stays as it is.
    mutating func mayRead(_ number: Int, keeping kept: Int = 0, in budget: WindowBudget.Share) -> Bool {
        guard let old = retries[number] else { return false }
        if old.isReading { return true }
        let hasRoom = mayRead(Self.unknown + kept - old.bytes, in: budget)
        guard hasRoom || count == 1 else { return false }
        set(Retry(bytes: kept + (hasRoom ? Self.unknown : 0), isReading: true), number)
        return true
    }

    /// The row that was read is known, and nothing else is held any more.
    mutating func hold(_ bytes: Int, in number: Int) { set(Retry(bytes: bytes, isReading: false), number) }

    mutating func end(_ number: Int) { set(nil, number) }

    private mutating func set(_ new: Retry?, _ number: Int) {
        let old = retries[number]
        retries[number] = new
        bytes += (new?.bytes ?? 0) - (old?.bytes ?? 0)
        reading += (new?.isReading ?? false ? 1 : 0) - (old?.isReading ?? false ? 1 : 0)
    }
}
