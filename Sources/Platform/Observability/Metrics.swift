import Synchronization

/// Named series that `GET /metrics` shows in the Prometheus text format, version 0.0.4.
///
/// A metric is registered once, at start, and kept by what counts it; counting takes no look-up and no lock
/// but the metric's own.
package final class Metrics: Sendable {
    private let registered = Mutex<[any Metric]>([])

    package init() {}

    package func counter(_ name: String, _ help: String, _ labels: [(String, String)] = []) -> Counter {
        register(Counter(MetricIdentity(name: name, help: help, labels: labels)))
    }

    package func gauge(_ name: String, _ help: String, _ labels: [(String, String)] = []) -> Gauge {
        register(Gauge(MetricIdentity(name: name, help: help, labels: labels)))
    }

    /// Gauges whose labels are not known beforehand.
    package func gauges(_ name: String, _ help: String) -> GaugeFamily {
        register(GaugeFamily(MetricIdentity(name: name, help: help, labels: [])))
    }

    /// - Parameter buckets: upper bounds in ascending order, `+Inf` not among them.
    package func histogram(
        _ name: String, _ help: String, _ labels: [(String, String)] = [],
        buckets: [Double] = Histogram.seconds
    ) -> Histogram {
        register(Histogram(MetricIdentity(name: name, help: help, labels: labels), bounds: buckets))
    }

    /// Registering a series again gives the one that is there, so that each loop may ask for it.
    private func register<M: Metric>(_ metric: M) -> M {
        registered.withLock { registered in
            if let known = registered.first(where: { $0.identity == metric.identity }) as? M { return known }
            registered.append(metric)
            return metric
        }
    }

    /// The exposition: every series, grouped by name.
    package var exposition: String {
        let metrics = registered.withLock { $0 }.sorted { $0.identity.name < $1.identity.name }
        var text = ""
        var lastName = ""
        for metric in metrics {
            if metric.identity.name != lastName {
                lastName = metric.identity.name
                text += "# HELP \(lastName) \(metric.identity.help)\n# TYPE \(lastName) \(metric.type)\n"
            }
            text += metric.samples
        }
        return text
    }
}

/// A name and labels: what makes a series one of its kind.
package struct MetricIdentity: Sendable, Equatable {
    let name: String
    let help: String
    let labels: [(String, String)]

    package static func == (left: MetricIdentity, right: MetricIdentity) -> Bool {
        left.name == right.name && left.labels.elementsEqual(right.labels, by: ==)
    }

    func sample(
        _ value: some CustomStringConvertible, suffix: String = "", extra: (String, String)? = nil
    ) -> String {
        let all = labels + (extra.map { [$0] } ?? [])
        let rendered = all.map { "\($0.0)=\(JSONText.quoted($0.1))" }.joined(separator: ",")
        return name + suffix + (all.isEmpty ? "" : "{\(rendered)}") + " \(value)\n"
    }
}

package protocol Metric: AnyObject, Sendable {
    var identity: MetricIdentity { get }
    var type: String { get }
    var samples: String { get }
}
