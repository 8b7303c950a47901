import Platform
import Testing

@testable import API

@Suite("Problems from errors")
struct ProblemFromErrorTests {
    @Test("A missing partition passes: 503, to be tried again")
    func missingPartition() {
        let error = PostgresError.server(
            ServerError(sqlState: "23514", message: "no partition", table: "update_log"))

        let problem = Problem(from: error)

        #expect(problem?.status == 503)
        #expect(problem?.headers["Retry-After"] == "1")
    }

    @Test("A violated check is nobody's passing trouble")
    func check() {
        let error = PostgresError.server(
            ServerError(sqlState: "23514", message: "check", constraint: "tenant_name_length"))

        #expect(Problem(from: error)?.status == nil)
    }
}
