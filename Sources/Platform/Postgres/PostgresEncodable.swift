/// A value that can be bound as a parameter, in binary format.
///
/// A wrapper needs `postgresType` and `encode(into:)`; a RawRepresentable type whose raw value can be bound
/// needs nothing but the conformance. Arrays come by themselves.
package protocol PostgresEncodable: Sendable {
    static var postgresType: PostgresType { get }
    var isNull: Bool { get }
    func encode(into bytes: inout [UInt8])

    /// The type and the encoding of an array of these; `UInt8` alone differs, whose array is bytea.
    static var postgresArrayType: PostgresType { get }
    static func encode(elements: [Self], into bytes: inout [UInt8])
}

extension PostgresEncodable {
    package var isNull: Bool { false }
    package static var postgresArrayType: PostgresType { postgresType.array }

    /// One dimension, lower bound 1 (array_send in the server's arrayfuncs.c).
    package static func encode(elements: [Self], into bytes: inout [UInt8]) {
        bytes.append(bigEndian: Int32(elements.isEmpty ? 0 : 1))
        bytes.append(bigEndian: Int32(elements.contains { $0.isNull } ? 1 : 0))
        bytes.append(bigEndian: postgresType.oid)
        guard !elements.isEmpty else { return }
        bytes.append(bigEndian: Int32(clamping: elements.count))
        bytes.append(bigEndian: Int32(1))
        for element in elements {
            guard !element.isNull else {
                bytes.append(bigEndian: Int32(-1))
                continue
            }
            let start = bytes.count
            bytes.append(bigEndian: Int32(0))
            element.encode(into: &bytes)
            withUnsafeBytes(of: Int32(clamping: bytes.count - start - 4).bigEndian) { length in
                for offset in 0..<4 { bytes[start + offset] = length[offset] }
            }
        }
    }
}

extension PostgresEncodable where Self: RawRepresentable, RawValue: PostgresEncodable {
    package static var postgresType: PostgresType { RawValue.postgresType }
    package func encode(into bytes: inout [UInt8]) { rawValue.encode(into: &bytes) }
}

extension Array: PostgresEncodable where Element: PostgresEncodable {
    package static var postgresType: PostgresType { Element.postgresArrayType }
    package func encode(into bytes: inout [UInt8]) { Element.encode(elements: self, into: &bytes) }
}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    package static var postgresType: PostgresType { Wrapped.postgresType }
    package var isNull: Bool {
        switch self {
        case .none: true
        case .some(let value): value.isNull
        }
    }
    package func encode(into bytes: inout [UInt8]) { self?.encode(into: &bytes) }
}

extension [UInt8] {
    mutating func append(bigEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }
}
