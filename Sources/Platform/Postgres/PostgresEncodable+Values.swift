import FoundationEssentials

extension String: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .text }
    package func encode(into bytes: inout [UInt8]) { bytes.append(contentsOf: utf8) }

    /// The server sends valid UTF-8, unless the database has no encoding (SQL_ASCII): what is not is replaced.
    package static func decode(_ bytes: UnsafeRawBufferPointer, _ type: UInt32) -> String? {
        PostgresType.isTextual(type) ? String(decoding: bytes, as: UTF8.self) : nil
    }
}

extension UUID: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .uuid }
    package func encode(into bytes: inout [UInt8]) {
        withUnsafeBytes(of: uuid) { bytes.append(contentsOf: $0) }
    }

    package static func decode(_ bytes: UnsafeRawBufferPointer, _ type: UInt32) -> UUID? {
        guard type == PostgresType.uuid.oid, bytes.count == 16 else { return nil }
        return UUID(uuid: bytes.loadUnaligned(as: uuid_t.self))
    }
}

/// timestamptz: microseconds since 2000-01-01 UTC.
extension Timestamp: PostgresEncodable, PostgresDecodable {
    private static let postgresEpoch: Int64 = 946_684_800_000_000

    package static var postgresType: PostgresType { .timestamptz }
    package func encode(into bytes: inout [UInt8]) {
        bytes.append(bigEndian: microsecondsSince1970 - Self.postgresEpoch)
    }

    /// `infinity` does not read as a moment.
    package static func decode(_ bytes: UnsafeRawBufferPointer, _ type: UInt32) -> Timestamp? {
        guard type == PostgresType.timestamptz.oid, let value = bytes.bigEndian(at: 0, as: Int64.self) else {
            return nil
        }
        let (microseconds, isOverflow) = value.addingReportingOverflow(postgresEpoch)
        guard !isOverflow, value != .min else { return nil }
        return Timestamp(microsecondsSince1970: microseconds)
    }
}

/// JSON as it came, neither parsed nor changed. Bound as `json`; reads both `json` and `jsonb`.
package struct JSONBytes: Sendable, Hashable, PostgresEncodable, PostgresDecodable {
    package var bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }
    package init(_ text: String) { bytes = Array(text.utf8) }

    package static var postgresType: PostgresType { .json }
    package func encode(into buffer: inout [UInt8]) { buffer.append(contentsOf: bytes) }

    package static func decode(_ bytes: UnsafeRawBufferPointer, _ type: UInt32) -> JSONBytes? {
        switch type {
        case PostgresType.json.oid: JSONBytes([UInt8](bytes))
        // Its first byte is the version of the format, 1.
        case PostgresType.jsonb.oid where bytes.first == 1: JSONBytes([UInt8](bytes.dropFirst()))
        default: nil
        }
    }
}
