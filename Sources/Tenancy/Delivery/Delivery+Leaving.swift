import Platform

/// Shards that this node is about to give back.
extension Delivery {
    /// Ends what is delivered for a shard for which nothing new begins any more (`ShardLeases.leave`). Returns when
    /// nothing of it is under way and the cursors are written, so that the next holder repeats nothing.
    package func leave(_ shard: Int) async {
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
