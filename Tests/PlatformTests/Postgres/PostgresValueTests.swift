import FoundationEssentials
import Platform
import Testing

@Suite("Postgres values", .timeLimit(.minutes(10)))
struct PostgresValueTests {
    @Test("Every type comes back as it was bound")
    func valuesRoundTrip() async throws {
        try await PostgresFixture.with { fixture in
            try await fixture.pool.withConnection { connection in
                func expectRoundTrip<Value: PostgresEncodable & PostgresDecodable & Equatable>(_ value: Value)
                    async throws
                {
                    let read = try await connection.values("SELECT \(value)", as: Value.self)
                    #expect(read == [value])
                }

                try await expectRoundTrip(Int16.min)
                try await expectRoundTrip(Int32.max)
                try await expectRoundTrip(Int64.min)
                try await expectRoundTrip(Int.max)
                try await expectRoundTrip(-0.1)
                try await expectRoundTrip(true)
                try await expectRoundTrip("")
                try await expectRoundTrip("snow ☃ and 'quotes'")
                try await expectRoundTrip(UUID())
                try await expectRoundTrip(Timestamp(microsecondsSince1970: -1))
                try await expectRoundTrip(Timestamp(microsecondsSince1970: 1_790_000_000_123_456))
                try await expectRoundTrip([UInt8](0...255))
                try await expectRoundTrip([UInt8]())
                try await expectRoundTrip(JSONBytes(#"{"b" : 1,"a":2}"#))
                try await expectRoundTrip([Int64]())
                try await expectRoundTrip([1, 2, 3])
                try await expectRoundTrip(["a", "", "c"])
                try await expectRoundTrip([UUID(), UUID()])
                try await expectRoundTrip([true, false])
                try await expectRoundTrip([JSONBytes("1"), JSONBytes("[]")])
                try await expectRoundTrip([[UInt8]](arrayLiteral: [1, 2], []))
                try await expectRoundTrip([Timestamp(microsecondsSince1970: 5)])
                try await expectRoundTrip([nil, 7, nil] as [Int64?])
                try await expectRoundTrip(Optional<String>.none)
                try await expectRoundTrip(Optional("x"))
                try await expectRoundTrip(Mood.merry)
                try await expectRoundTrip([Mood.merry, .glum])
            }
        }
    }

    @Test("jsonb reads as its text without the format's version byte")
    func jsonbReads() async throws {
        try await PostgresFixture.with { fixture in
            let read = try await fixture.pool.withConnection { connection in
                try await connection.value("SELECT \(JSONBytes(#"{"a":1}"#))::jsonb", as: JSONBytes.self)
            }

            #expect(read == JSONBytes(#"{"a": 1}"#))
        }
    }

    @Test("A value of another type and an unexpected NULL name the column")
    func decodingErrorsNameTheColumn() async throws {
        try await PostgresFixture.with { fixture in
            try await fixture.pool.withConnection { connection in
                await #expect(
                    throws: PostgresError.decoding(
                        column: "age", expected: "Int", found: "a value of type 25 that does not fit")
                ) { try await connection.value("SELECT 'ten'::text AS age", as: Int.self) }
                await #expect(throws: PostgresError.decoding(column: "age", expected: "Int", found: "NULL")) {
                    try await connection.value("SELECT NULL::int8 AS age", as: Int.self)
                }
                await #expect(throws: PostgresError.missingColumn(index: 1)) {
                    try await connection.first("SELECT 1::int8", as: Pair.self)
                }
                let one = try await connection.value("SELECT 1", as: Int.self)
                #expect(one == 1)
            }
        }
    }

    @Test("Fragments are put in place with their parameters renumbered")
    func fragmentsAreRenumbered() async throws {
        let condition: SQL = "name = \("a") AND kind = \("b")"

        let statement: SQL =
            "SELECT 1 FROM \(identifier: "odd\"name") WHERE id = \(7) AND \(condition) LIMIT \(2)"

        #expect(
            statement.text
                == #"SELECT 1 FROM "odd""name" WHERE id = $1 AND name = $2 AND kind = $3 LIMIT $4"#)
        #expect(statement.parameters.count == 4)
        try await PostgresFixture.with { fixture in
            let sum = try await fixture.pool.withConnection { connection in
                let parts: SQL = "\(1) + \(2)"
                return try await connection.value("SELECT \(3) * (\(parts)) + \(4)", as: Int.self)
            }
            #expect(sum == 13)
        }
    }

    private enum Mood: String, PostgresEncodable, PostgresDecodable { case merry, glum }

    private struct Pair: RowDecodable {
        init(row: inout Row) throws {
            _ = try row.next(Int.self)
            _ = try row.next(Int.self)
        }
    }
}
