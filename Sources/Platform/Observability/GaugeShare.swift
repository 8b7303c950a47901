/// One event loop's part of a gauge that shows what all of them have together.
package struct GaugeShare: Sendable {
    private let gauge: Gauge
    private var value = 0

    package init(_ gauge: Gauge) { self.gauge = gauge }

    package mutating func set(_ newValue: Int) {
        gauge.add(newValue - value)
        value = newValue
    }
}
