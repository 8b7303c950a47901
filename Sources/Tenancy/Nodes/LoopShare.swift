/// Which of a node's deliveries run on one of its event loops: each bot's on exactly one.
package struct LoopShare: Sendable {
    let index: Int
    let count: Int

    /// - Parameter index: the loop's place among the node's `count` loops.
    package init(_ index: Int, of count: Int) {
        self.index = index
        self.count = count
    }

    func includes(_ key: BotKey) -> Bool { key.shard % count == index }
}
