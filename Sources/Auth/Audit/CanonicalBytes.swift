import FoundationEssentials
import Platform

/// Values one after the other, each with its length before it and null told from empty, so that different values
/// never give the same bytes. Numbers are big-endian, moments microseconds since 1970.
struct CanonicalBytes {
    private(set) var bytes: [UInt8] = []

    /// - Parameter purpose: what the bytes are for; no two purposes share bytes.
    init(_ purpose: String) {
        bytes.reserveCapacity(512)
        add(purpose)
    }

    mutating func add(_ value: [UInt8]) {
        bytes.append(1)
        append(UInt32(truncatingIfNeeded: value.count))
        bytes.append(contentsOf: value)
    }

    mutating func add(_ text: String?) {
        guard let text else { return bytes.append(0) }
        add(Array(text.utf8))
    }

    mutating func add<Entity>(_ id: ID<Entity>) {
        withUnsafeBytes(of: id.uuid.uuid) { add(Array($0)) }
    }

    mutating func add(_ time: Timestamp) { add(time.microsecondsSince1970) }

    mutating func add(_ number: Int64) {
        bytes.append(1)
        append(UInt32(8))
        append(number)
    }

    private mutating func append(_ number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }
}
