import Platform

/// How much one event loop's delivery holds, looked at once a second.
struct DeliveryLevels {
    private var consumers: GaugeShare
    private var openBreakers: GaugeShare
    private var heldLanes: GaugeShare
    private var backlog: GaugeShare

    init(_ metrics: Metrics) {
        func share(_ name: String, _ help: String) -> GaugeShare { GaugeShare(metrics.gauge(name, help)) }
        consumers = share("rookery_push_consumers", "Push consumers in memory: those with something to do.")
        openBreakers = share("rookery_open_breakers", "Push consumers whose breaker is open.")
        heldLanes = share("rookery_held_lanes", "Lanes in retry or parked, of the push consumers in memory.")
        backlog = share("rookery_journal_backlog", "Delivery attempts waiting to be written down.")
    }

    mutating func observe(_ loaded: some Sequence<PushConsumer>, backlog: Int) {
        var (count, openCount, held) = (0, 0, 0)
        for consumer in loaded {
            let (isOpen, lanes) = consumer.assumeIsolated { (!$0.breaker.isClosed, $0.retries.count) }
            count += 1
            openCount += isOpen ? 1 : 0
            held += lanes
        }
        consumers.set(count)
        openBreakers.set(openCount)
        heldLanes.set(held)
        self.backlog.set(backlog)
    }
}
