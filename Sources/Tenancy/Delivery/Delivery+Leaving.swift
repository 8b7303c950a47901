import Platform

/// Shards that this node is about to give back.
extension Delivery {
    /// Ends what is delivered for a shard for which nothing new begins any more (`ShardLeases.leave`). Returns when
    /// nothing of it is under way and the cursors are written, so that the next holder repeats nothing.
    /// - Parameter patience: what is under way at its end is cut off, and sent again by the next holder; nil: every
    ///   answer is waited for.
    package func leave(_ shard: Int, within patience: Duration? = nil) async {
        let cutOff = patience.map { patience in
            loop.schedule(after: patience) { [client = parts.sender.client] in client.end(group: shard) }
        }
        defer { cutOff.map(loop.cancel) }
        let leaving = bots.filter { $0.key.shard == shard }
        for (key, consumers) in leaving {
            for (id, consumer) in consumers { end(consumer, id, of: key) }
        }
        for consumers in leaving.values {
            for (id, consumer) in consumers {
                await consumer.stop()
                await writeProgress(of: id, in: shard)
            }
        }
    }

    /// Tries again for as long as the lease keeps others out.
    private func writeProgress(of consumer: ID<Consumer>, in shard: Int) async {
        while true {
            do {
                return try await parts.journal.writeProgress(of: consumer)
            } catch {
                guard parts.leases.keepsOthersOut(of: shard),
                    (try? await loop.sleep(for: .milliseconds(500))) != nil
                else { return }
            }
        }
    }
}
