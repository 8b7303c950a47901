/// What a merge patch (RFC 7396) does to a field that may be absent.
enum Patch<Value: Sendable>: Sendable {
    case unchanged
    case removed
    case set(Value)

    func applied(to current: Value?) -> Value? {
        switch self {
        case .unchanged: current
        case .removed: nil
        case .set(let value): value
        }
    }
}
