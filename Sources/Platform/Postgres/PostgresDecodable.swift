/// A value that can be read from a column in binary format.
///
/// A wrapper needs `decode(_:_:)`; a RawRepresentable type whose raw value can be read needs nothing but the
/// conformance. Arrays come by themselves.
package protocol PostgresDecodable: Sendable {
    /// - Parameter type: the column's object id.
    /// - Returns: nil when the bytes are no such value.
    static func decode(_ bytes: UnsafeRawBufferPointer, _ type: UInt32) -> Self?

    /// What NULL reads as; nil where it must not be.
    static var null: Self? { get }

    /// Reads an array of these; `UInt8` alone differs, whose array is bytea.
    static func decode(elements bytes: UnsafeRawBufferPointer, _ type: UInt32) -> [Self]?
}

/// Both ways: what a column's type usually is.
package typealias PostgresCodable = PostgresEncodable & PostgresDecodable

extension PostgresDecodable {
    package static var null: Self? { nil }

    package static func decode(elements bytes: UnsafeRawBufferPointer, _ type: UInt32) -> [Self]? {
        guard bytes.count >= 12, let dimensions = bytes.bigEndian(at: 0, as: Int32.self),
            let elementType = bytes.bigEndian(at: 8, as: UInt32.self)
        else { return nil }
        if dimensions == 0 { return [] }
        guard dimensions == 1, let count = bytes.bigEndian(at: 12, as: Int32.self), count >= 0 else { return nil }
        var elements: [Self] = []
        var position = 20
        for _ in 0..<count {
            guard let length = bytes.bigEndian(at: position, as: Int32.self) else { return nil }
            position += 4
            if length < 0 {
                guard let null else { return nil }
                elements.append(null)
                continue
            }
            guard position + Int(length) <= bytes.count,
                let element = decode(UnsafeRawBufferPointer(rebasing: bytes[position..<position + Int(length)]), elementType)
            else { return nil }
            elements.append(element)
            position += Int(length)
        }
        return elements
    }
}

extension PostgresDecodable where Self: RawRepresentable, RawValue: PostgresDecodable {
    package static func decode(_ bytes: UnsafeRawBufferPointer, _ type: UInt32) -> Self? {
        RawValue.decode(bytes, type).flatMap(Self.init(rawValue:))
    }
}

extension Array: PostgresDecodable where Element: PostgresDecodable {
    package static func decode(_ bytes: UnsafeRawBufferPointer, _ type: UInt32) -> [Element]? {
        Element.decode(elements: bytes, type)
    }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    package static var null: Self? { .some(nil) }
    package static func decode(_ bytes: UnsafeRawBufferPointer, _ type: UInt32) -> Self? {
        Wrapped.decode(bytes, type).map(Optional.some)
    }
}

extension UnsafeRawBufferPointer {
    /// nil past the end.
    func bigEndian<Value: FixedWidthInteger>(at offset: Int, as type: Value.Type) -> Value? {
        guard offset >= 0, offset + MemoryLayout<Value>.size <= count else { return nil }
        return Value(bigEndian: loadUnaligned(fromByteOffset: offset, as: Value.self))
    }
}
