import FoundationEssentials
import Platform
import Synchronization

/// What was revoked lately, in memory, the same for all event loops of a node.
///
/// Nobody is let in on a token while the list may lack something: until it is loaded for the first time, and once it
/// could not be refreshed for 15 seconds. Requests get 503 then. So a node that has lost the database serves those it
/// knows for that long, and not longer.
package final class RevocationList: Sendable {
    /// The list is not to be relied upon at the moment.
    package struct Outdated: Error {}

    static let reliableFor = Duration.seconds(15)
    /// An access token cannot live longer; the rest allows for clocks.
    static let keptFor = AccessTokens.lifetime + .seconds(60)

    private struct State {
        /// By subject: when it was revoked last, by the database's clock.
        var moments: [UUID: Timestamp] = [:]
        var generation: UInt64 = 0
        var refreshedAt: ContinuousClock.Instant?
    }

    private let state = Mutex(State())

    package init() {}

    /// Changes whenever something is revoked: what was not revoked under the same number is not revoked now.
    func generation(at now: ContinuousClock.Instant = .now) throws(Outdated) -> UInt64 {
        let (generation, refreshedAt) = state.withLock { ($0.generation, $0.refreshedAt) }
        guard let refreshedAt, now - refreshedAt <= Self.reliableFor else { throw Outdated() }
        return generation
    }

    /// Whether the list has been refreshed within a time.
    func isFresh(within time: Duration, at now: ContinuousClock.Instant = .now) -> Bool {
        state.withLock { $0.refreshedAt.map { now - $0 <= time } ?? false }
    }

    /// - Parameter issuedAt: nil for what any revocation ends. What was issued at the very microsecond of the
    ///   revocation counts as revoked.
    func isRevoked(_ subjects: [UUID], issuedAt: Timestamp?) -> Bool {
        state.withLock { state in
            subjects.contains { subject in
                guard let moment = state.moments[subject] else { return false }
                return issuedAt.map { $0 <= moment } ?? true
            }
        }
    }

    /// - Parameters:
    ///   - asked: before the database was asked.
    ///   - isAll: `revocations` are all of the time that revocations are kept; otherwise those that may be new.
    func apply(_ revocations: [Revoked], isAll: Bool, askedAt asked: ContinuousClock.Instant) {
        state.withLock { state in
            let known = state.moments
            if isAll { state.moments = [:] }
            var isNew = false
            for revoked in revocations {
                if known[revoked.subject].map({ $0 < revoked.at }) ?? true { isNew = true }
                if state.moments[revoked.subject].map({ $0 < revoked.at }) ?? true {
                    state.moments[revoked.subject] = revoked.at
                }
            }
            if isNew { state.generation += 1 }
            state.refreshedAt = max(asked, state.refreshedAt ?? asked)
        }
    }
}
