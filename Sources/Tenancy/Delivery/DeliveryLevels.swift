import Platform

/// How much one event loop's delivery holds, looked at once a second.
struct DeliveryLevels {
    private var consumers: GaugeShare
    private var openBreakers: GaugeShare
    private var throttled: GaugeShare
    private var heldLanes: GaugeShare
    private var backlog: GaugeShare

    init(_ metrics: Metrics) {
        func share(_ name: String, _ help: String) -> GaugeShare { GaugeShare(metrics.gauge(name, help)) }
        consumers = share("rookery_push_consumers", "Push consumers in memory: those with something to do.")
        openBreakers = share("rookery_open_breakers", "Push consumers whose breaker is open.")
        throttled = share(
            "rookery_throttled_consumers", "Push consumers slowed down because their endpoint asked for it.")
        heldLanes = share("rookery_held_lanes", "Lanes in retry or parked, of the push consumers in memory.")
        backlog = share("rookery_journal_backlog", "Delivery attempts waiting to be written down.")
    }

    mutating func observe(_ loaded: some Sequence<PushConsumer>, backlog: Int) {
        var (count, openCount, slowCount, held) = (0, 0, 0, 0)
        for consumer in loaded {
            let (isOpen, isSlow, lanes) = consumer.assumeIsolated {
                (!$0.breaker.isClosed, !$0.throttle.isFree, $0.retries.count)
            }
            count += 1
            openCount += isOpen ? 1 : 0
            slowCount += isSlow ? 1 : 0
            held += lanes
        }
        consumers.set(count)
        openBreakers.set(openCount)
        throttled.set(slowCount)
        heldLanes.set(held)
        self.backlog.set(backlog)
    }
}
