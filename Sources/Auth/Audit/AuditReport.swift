import Platform
import Tenancy

/// What a look through the whole audit trail found.
package struct AuditReport: Sendable {
    /// Something that is not as the program left it.
    package struct Finding: Sendable, CustomStringConvertible {
        package let seal: Int64?
        package let event: ID<AuditEvent>?
        /// The stretch of time concerned: that of the seal, or the moment of the event.
        package let time: ClosedRange<Timestamp>?
        package let what: String

        package var description: String {
            var place: [String] = []
            if let seal { place.append("seal \(seal)") }
            if let time {
                place.append(
                    time.lowerBound == time.upperBound
                        ? "\(time.lowerBound)" : "\(time.lowerBound) to \(time.upperBound)")
            }
            if let event { place.append("event \(event)") }
            return (place + [what]).joined(separator: ": ")
        }
    }

    /// Findings told one by one; the others are counted.
    static let kept = 100

    package internal(set) var events = 0
    package internal(set) var sealedEvents = 0
    package internal(set) var seals = 0
    /// The first `kept`, in the order of time.
    package private(set) var findings: [Finding] = []
    package private(set) var findingCount = 0
    package internal(set) var fingerprint: String?
    /// The newest seal's number and hash: kept elsewhere, they show whether the trail was cut off.
    package internal(set) var head: (seal: Int64, hash: String)?
    var newestSealed: Timestamp?

    package var isIntact: Bool { findingCount == 0 }
    package var unsealedEvents: Int { max(0, events - sealedEvents) }

    mutating func find(_ what: String) { add(Finding(seal: nil, event: nil, time: nil, what: what)) }

    mutating func find(_ what: String, in seal: AuditSeal, _ event: ID<AuditEvent>? = nil) {
        let (first, last) = (min(seal.firstAt, seal.lastAt), max(seal.firstAt, seal.lastAt))
        add(Finding(seal: seal.id, event: event, time: first...last, what: what))
    }

    mutating func find(_ what: String, of event: AuditRecord) {
        guard !findings.contains(where: { $0.event == event.id }) else { return }
        add(Finding(seal: nil, event: event.id, time: event.createdAt...event.createdAt, what: what))
    }

    private mutating func add(_ finding: Finding) {
        findingCount += 1
        guard findings.count < Self.kept else { return }
        // Findings of no moment, which are about the key, come first.
        let place = findings.firstIndex { other in
            guard let time = finding.time else { return other.time != nil }
            return other.time.map { $0.lowerBound > time.lowerBound } ?? false
        }
        findings.insert(finding, at: place ?? findings.endIndex)
    }
}
