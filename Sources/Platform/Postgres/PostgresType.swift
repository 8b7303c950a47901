/// A type by the object ids that PostgreSQL gives its built-in types (pg_type.dat).
package struct PostgresType: Sendable, Hashable {
    package let oid: UInt32
    /// The type of its arrays; 0 when there is none.
    package let arrayOID: UInt32

    package init(oid: UInt32, arrayOID: UInt32) {
        self.oid = oid
        self.arrayOID = arrayOID
    }

    package static let bool = PostgresType(oid: 16, arrayOID: 1000)
    package static let bytea = PostgresType(oid: 17, arrayOID: 1001)
    package static let int8 = PostgresType(oid: 20, arrayOID: 1016)
    package static let int2 = PostgresType(oid: 21, arrayOID: 1005)
    package static let int4 = PostgresType(oid: 23, arrayOID: 1007)
    package static let text = PostgresType(oid: 25, arrayOID: 1009)
    package static let oid = PostgresType(oid: 26, arrayOID: 1028)
    package static let json = PostgresType(oid: 114, arrayOID: 199)
    package static let float4 = PostgresType(oid: 700, arrayOID: 1021)
    package static let float8 = PostgresType(oid: 701, arrayOID: 1022)
    package static let timestamptz = PostgresType(oid: 1184, arrayOID: 1185)
    package static let uuid = PostgresType(oid: 2950, arrayOID: 2951)
    package static let jsonb = PostgresType(oid: 3802, arrayOID: 3807)
    package static let xid8 = PostgresType(oid: 5069, arrayOID: 271)

    /// The array type of this one.
    package var array: PostgresType { PostgresType(oid: arrayOID, arrayOID: 0) }

    /// text, varchar, char(n), name, "char", unknown: their binary format is the text itself.
    static func isTextual(_ oid: UInt32) -> Bool {
        switch oid {
        case 25, 1043, 1042, 19, 18, 705: true
        default: false
        }
    }
}
