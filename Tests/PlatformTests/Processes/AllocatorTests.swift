import Platform
import Testing

@Suite("Memory")
struct AllocatorTests {
    @Test("Swift's and every library's comes from mimalloc")
    func name() {
        #expect(Allocator.name.hasPrefix("mimalloc "))
    }
}
