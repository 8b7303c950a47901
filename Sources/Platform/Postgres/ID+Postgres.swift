import FoundationEssentials

/// Stored as a uuid.
extension ID: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .uuid }
    package func encode(into bytes: inout [UInt8]) { uuid.encode(into: &bytes) }

    package static func decode(_ bytes: UnsafeRawBufferPointer, _ type: UInt32) -> ID? {
        UUID.decode(bytes, type).map { ID($0) }
    }
}
