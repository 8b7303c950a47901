/// Any of PostgreSQL's integers reads as any of Swift's that can hold the value.
package protocol PostgresInteger: FixedWidthInteger, PostgresEncodable, PostgresDecodable {}

extension PostgresInteger {
    package func encode(into bytes: inout [UInt8]) { bytes.append(bigEndian: self) }

    package static func decode(_ bytes: UnsafeRawBufferPointer, _ type: UInt32) -> Self? {
        switch type {
        case PostgresType.int8.oid where bytes.count == 8, PostgresType.xid8.oid where bytes.count == 8:
            bytes.bigEndian(at: 0, as: Int64.self).flatMap(Self.init(exactly:))
        case PostgresType.int4.oid where bytes.count == 4:
            bytes.bigEndian(at: 0, as: Int32.self).flatMap(Self.init(exactly:))
        case PostgresType.int2.oid where bytes.count == 2:
            bytes.bigEndian(at: 0, as: Int16.self).flatMap(Self.init(exactly:))
        case PostgresType.oid.oid where bytes.count == 4:
            bytes.bigEndian(at: 0, as: UInt32.self).flatMap(Self.init(exactly:))
        default: nil
        }
    }
}

extension Int16: PostgresInteger { package static var postgresType: PostgresType { .int2 } }
extension Int32: PostgresInteger { package static var postgresType: PostgresType { .int4 } }
extension Int64: PostgresInteger { package static var postgresType: PostgresType { .int8 } }
extension Int: PostgresInteger { package static var postgresType: PostgresType { .int8 } }

extension Double: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .float8 }
    package func encode(into bytes: inout [UInt8]) { bytes.append(bigEndian: bitPattern) }

    package static func decode(_ bytes: UnsafeRawBufferPointer, _ type: UInt32) -> Double? {
        switch type {
        case PostgresType.float8.oid: bytes.bigEndian(at: 0, as: UInt64.self).map(Double.init(bitPattern:))
        case PostgresType.float4.oid:
            bytes.bigEndian(at: 0, as: UInt32.self).map { Double(Float(bitPattern: $0)) }
        default: nil
        }
    }
}

extension Bool: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .bool }
    package func encode(into bytes: inout [UInt8]) { bytes.append(self ? 1 : 0) }
    package static func decode(_ bytes: UnsafeRawBufferPointer, _ type: UInt32) -> Bool? {
        type == PostgresType.bool.oid && bytes.count == 1 ? bytes[0] != 0 : nil
    }
}

/// Alone it is an int2; an array of it is bytea.
extension UInt8: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .int2 }
    package static var postgresArrayType: PostgresType { .bytea }
    package func encode(into bytes: inout [UInt8]) { bytes.append(bigEndian: Int16(self)) }
    package static func encode(elements: [UInt8], into bytes: inout [UInt8]) { bytes.append(contentsOf: elements) }

    package static func decode(_ bytes: UnsafeRawBufferPointer, _ type: UInt32) -> UInt8? {
        Int16.decode(bytes, type).flatMap(UInt8.init(exactly:))
    }
    package static func decode(elements bytes: UnsafeRawBufferPointer, _ type: UInt32) -> [UInt8]? {
        type == PostgresType.bytea.oid ? [UInt8](bytes) : nil
    }
}
