/// How many bytes of updates the windows of one event loop hold, all consumers together.
///
/// `@unchecked Sendable`: confined to the loop's thread.
final class WindowBudget: @unchecked Sendable {
    private static let limit = 64 << 20

    private(set) var held = 0

    func hasRoom(for bytes: Int) -> Bool { held + bytes <= Self.limit }

    /// A consumer that held `old` bytes holds `new` from now on, whether or not there is room.
    func exchange(_ old: Int, for new: Int) { held += new - old }
}
