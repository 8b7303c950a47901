import Platform
import Tenancy

/// `GET /metrics` on the admin address: every series, and those that are only looked at when somebody asks.
struct MetricsPage: Sendable {
    private let metrics: Metrics
    private let directory: BotDirectory
    private let leases: ShardLeases
    private let blocking: BlockingPool
    private let bots: Gauge
    private let shards: Gauge
    private let residentMemory: Gauge
    private let openDescriptors: Gauge

    init(metrics: Metrics, directory: BotDirectory, leases: ShardLeases, blocking: BlockingPool) {
        self.metrics = metrics
        self.directory = directory
        self.leases = leases
        self.blocking = blocking
        bots = metrics.gauge("rookery_directory_bots", "Bots that updates are taken for.")
        shards = metrics.gauge("rookery_shards_held", "Shards that this node delivers for.")
        residentMemory = metrics.gauge("process_resident_memory_bytes", "Resident memory size in bytes.")
        openDescriptors = metrics.gauge("process_open_fds", "Number of open file descriptors.")
        let version = [("version", CommandLineFront.version)]
        metrics.gauge("rookery_build_info", "Always 1; the version is in the label.", version).set(1)
    }

    @Sendable func show(_ request: HTTPRequest) async throws -> HTTPResponse {
        bots.set(directory.count)
        shards.set(leases.count)
        let usage = try await blocking.run { try ProcessUsage() }
        residentMemory.set(usage.residentMemory)
        openDescriptors.set(usage.openDescriptors)
        return .text(metrics.exposition, type: "text/plain; version=0.0.4; charset=utf-8")
    }
}
