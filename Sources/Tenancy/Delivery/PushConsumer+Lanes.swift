import Platform

/// Delivery rows that were changed from outside, by a retry, a skip or a job: their lanes are taken over without
/// dropping anything else.
///
/// A lane that is new here is held: what is queued of it leaves into rows, the update that is being sent is waited
/// for, and then the rows are worked off. One that was known is looked at again.
extension PushConsumer {
    /// Lanes are taken into memory up to here, the others when there is room again.
    static let knownLaneLimit = 20_000
    static let lanePage = 1000

    func adoptLanes() {
        hasChangedLanes = true
        guard !isAdopting else { return }
        isAdopting = true
        // `stop` waits for it through `isAdopting`.
        Task(executorPreference: parts.loop) { await self.adopt() }
    }

    private func adopt() async {
        while hasChangedLanes, !isStopped, isOwner {
            hasChangedLanes = false
            do {
                let (lanes, isComplete) = try await DeliveryRow.heldLanes(of: consumer, in: parts.database)
                for lane in lanes { adopt(lane) }
                let names = Set(lanes.lazy.map(\.name))
                // What has no rows any more is released by whoever looks at it.
                for lane in retries.waiting(outside: names) where isComplete {
                    schedule(lane, at: nil)
                }
                knowsAllLanes = isComplete
            } catch {
                parts.logger.debug(
                    "lanes could not be read", ["consumer": "\(consumer.id)", "error": "\(error)"])
                hasChangedLanes = true
            }
            if hasChangedLanes { try? await parts.loop.sleep(for: .seconds(1)) }
        }
        isAdopting = false
        pump()
    }

    private func adopt(_ lane: DeliveryRow.HeldLane) {
        let isNew = !retries.contains(lane.name)
        if isNew {
            retries.add(lane.name, isExpress: lane.isExpress)
            let followers = tracks.hold(lane.name, isExpress: lane.isExpress)
            if !followers.isEmpty { leave(rows(for: followers)) }
            // Its end makes the lane due.
            if tracks.isSending(lane.name, isExpress: lane.isExpress) { return }
        } else if tracks.isSending(lane.name, isExpress: lane.isExpress) {
            return
        }
        reschedule(lane.name, isExpress: lane.isExpress, at: lane.isParked ? nil : lane.dueAt)
    }

    /// There were more lanes than fit into memory, and now there is room; or they could not be looked at while the
    /// shard was not this node's.
    func adoptChangedLanes() {
        guard !isAdopting else { return }
        if hasChangedLanes || (!knowsAllLanes && retries.count < Self.laneLimit) { adoptLanes() }
    }
}
