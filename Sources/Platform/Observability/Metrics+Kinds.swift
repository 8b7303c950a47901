import Synchronization

/// Only grows.
package final class Counter: Metric {
    package let identity: MetricIdentity
    package let type = "counter"
    private let count = Atomic<Int>(0)

    init(_ identity: MetricIdentity) { self.identity = identity }

    package func increment(by amount: Int = 1) { count.add(amount, ordering: .relaxed) }
    package var value: Int { count.load(ordering: .relaxed) }
    package var samples: String { identity.sample(value) }
}

/// Goes up and down.
package final class Gauge: Metric {
    package let identity: MetricIdentity
    package let type = "gauge"
    private let current = Atomic<Int>(0)

    init(_ identity: MetricIdentity) { self.identity = identity }

    package func set(_ value: Int) { current.store(value, ordering: .relaxed) }
    package func add(_ amount: Int) { current.add(amount, ordering: .relaxed) }
    package var value: Int { current.load(ordering: .relaxed) }
    package var samples: String { identity.sample(value) }
}

/// Counts observations by size.
package final class Histogram: Metric {
    /// Bounds for latencies, in seconds.
    package static let seconds: [Double] = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
    ]

    private struct State {
        var counts: [Int]
        var sum = 0.0
    }

    package let identity: MetricIdentity
    package let type = "histogram"
    private let bounds: [Double]
    private let state: Mutex<State>

    init(_ identity: MetricIdentity, bounds: [Double]) {
        self.identity = identity
        self.bounds = bounds
        state = Mutex(State(counts: Array(repeating: 0, count: bounds.count + 1)))
    }

    package func observe(_ value: Double) {
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock {
            $0.counts[bucket] += 1
            $0.sum += value
        }
    }

    package func observe(_ duration: Duration) { observe(duration.seconds) }

    package var samples: String {
        let (counts, sum) = state.withLock { ($0.counts, $0.sum) }
        var text = ""
        var total = 0
        for (index, count) in counts.enumerated() {
            total += count
            let bound = index < bounds.count ? "\(bounds[index])" : "+Inf"
            text += identity.sample(total, suffix: "_bucket", extra: ("le", bound))
        }
        return text + identity.sample(sum, suffix: "_sum") + identity.sample(total, suffix: "_count")
    }
}
