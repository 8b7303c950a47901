/// Bound values in PostgreSQL's binary format, one after the other in one buffer.
package struct PostgresParameters: Sendable {
    /// Begins with a byte of its own, so that an empty value has an address too: libpq takes NULL for NULL.
    private(set) var bytes: [UInt8] = [0]
    private(set) var offsets: [Int] = []
    /// In bytes; -1 is NULL.
    private(set) var lengths: [Int32] = []
    private(set) var types: [UInt32] = []

    package var count: Int { types.count }

    mutating func append<Value: PostgresEncodable>(_ value: Value) {
        types.append(Value.postgresType.oid)
        let start = bytes.count
        offsets.append(start)
        if value.isNull {
            lengths.append(-1)
        } else {
            value.encode(into: &bytes)
            lengths.append(Int32(clamping: bytes.count - start))
        }
    }

    mutating func append(contentsOf other: PostgresParameters) {
        let shift = bytes.count - 1
        bytes.append(contentsOf: other.bytes.dropFirst())
        offsets.append(contentsOf: other.offsets.map { $0 + shift })
        lengths.append(contentsOf: other.lengths)
        types.append(contentsOf: other.types)
    }
}
