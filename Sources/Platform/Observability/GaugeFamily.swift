import Synchronization

/// Gauges of one name whose series come and go: all of them are replaced at once.
package final class GaugeFamily: Metric {
    package struct Series: Sendable {
        let labels: [(String, String)]
        let value: Int64

        package init(_ labels: [(String, String)], _ value: Int64) {
            self.labels = labels
            self.value = value
        }
    }

    package let identity: MetricIdentity
    package let type = "gauge"
    private let current = Mutex<[Series]>([])

    init(_ identity: MetricIdentity) { self.identity = identity }

    package func replace(_ series: [Series]) { current.withLock { $0 = series } }

    package var samples: String {
        current.withLock { $0 }.map { series in
            MetricIdentity(name: identity.name, help: identity.help, labels: series.labels).sample(
                series.value)
        }.joined()
    }
}
