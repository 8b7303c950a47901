import CMimalloc
import Glibc

/// Where the whole process, its C libraries included, has its memory from: mimalloc, which is linked and whose `malloc`
/// comes before the C library's. A request takes a hundred small pieces and gives them back on the same thread, which
/// is what it is made for.
package enum Allocator {
    /// `mimalloc 2.0.9`, or `glibc` when something has got in between.
    package static var name: String {
        let piece = malloc(16)
        defer { free(piece) }
        guard mi_is_in_heap_region(piece) else { return "glibc" }
        let version = mi_version()
        return "mimalloc \(version / 100).\(version / 10 % 10).\(version % 10)"
    }
}
