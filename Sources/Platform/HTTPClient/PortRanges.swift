/// Ports, as `80,443,1024-65535`.
package struct PortRanges: Sendable, Equatable, CustomStringConvertible {
    package static let all = PortRanges([1...65_535])

    private let ranges: [ClosedRange<Int>]

    private init(_ ranges: [ClosedRange<Int>]) { self.ranges = ranges }

    /// - Returns: nil for anything but ports and ranges of ports, separated by commas, at least one.
    package init?(_ text: String) {
        var ranges: [ClosedRange<Int>] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
                .map { Self.port($0.filter { $0 != " " }) }
            guard let first = ends[0], let last = ends[ends.count - 1], first <= last else { return nil }
            ranges.append(first...last)
        }
        self.ranges = ranges
    }

    package func contains(_ port: Int) -> Bool { ranges.contains { $0.contains(port) } }

    package var description: String {
        ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: ",")
    }

    private static func port(_ text: String) -> Int? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(text) else { return nil }
        return (1...65_535).contains(port) ? port : nil
    }
}
