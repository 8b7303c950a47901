import Platform

@testable import API
@testable import Platform

extension RunningApp {
    /// Has the memory for answers full, as clients at this address do that do not read.
    func withAnswersHeld<T>(_ body: () async throws -> T) async throws -> T {
        let bytes = HTTPLimits().answersByAddress
        let address = IPAddress(bytes: [127, 0, 0, 1])
        for part in app.parts {
            try await part.loop.run { part.server.answerMemory.hold(bytes, for: address) }
        }
        let result = try await body()
        for part in app.parts {
            try await part.loop.run { part.server.answerMemory.giveBack(bytes, for: address) }
        }
        return result
    }
}
