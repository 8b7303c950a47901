import TestSupport
import Testing

@testable import Tenancy

@Suite("Delivery's state machines together")
struct DeliveryModelTests {
    @Test("Whatever happens in whatever order, nothing is lost, doubled, late or out of turn", arguments: 0..<20)
    func interleavings(_ round: Int) async throws {
        let faults = try await offPool {
            for seed in UInt64(round * 20)..<UInt64(round * 20 + 20) {
                var model = DeliveryModel(seed: seed)
                model.play(steps: 600)
                model.finish()
                guard model.faults.isEmpty else { return ["seed \(seed)"] + model.faults }
            }
            return []
        }

        #expect(faults.isEmpty)
    }
}
