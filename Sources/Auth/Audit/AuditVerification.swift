import Platform
import Tenancy

/// Checks the whole audit trail against its signatures and seals, as anybody can who may read the tables; nothing of
/// it needs the running program. All is read from one snapshot, a batch at a time, so that events and seals which
/// are being written fit together.
///
/// First the seals, in order: numbers without gaps, the chain, signatures, and whether their events are there,
/// unchanged. Then the signature of every event, and whether an old one is under no seal.
package final class AuditVerification {
    /// Where an event that was not sealed within this time of a newer one had its seal taken away.
    static let sealedWithin = Duration.seconds(900)
    static let eventsAtOnce: Int64 = 2000
    private static let sealsAtOnce: Int64 = 50

    let transaction: PostgresTransaction
    let blocking: BlockingPool
    private let expectation: Expectation
    private let box: SecretBox?
    var report = AuditReport()
    var key = AuditPublicKey([])

    /// What was kept of the trail elsewhere.
    package struct Expectation: Sendable {
        package var publicKey: [UInt8]?
        /// SHA-256 of the public key, or how it begins, in lower-case hexadecimal.
        package var fingerprint: String?
        /// A seal's number, and its hash in hexadecimal.
        package var head: (seal: Int64, hash: String)?

        package init() {}
    }

    private init(
        _ transaction: PostgresTransaction, _ blocking: BlockingPool, _ expectation: Expectation,
        _ box: SecretBox?
    ) {
        self.transaction = transaction
        self.blocking = blocking
        self.expectation = expectation
        self.box = box
    }

    /// - Parameters:
    ///   - pool: of a role that sees every row: a superuser, or one that may put on rookery_system. Without a
    ///     statement time-out.
    ///   - box: when given, the stored public key must belong to the private key that it opens.
    package static func run(
        _ pool: PostgresPool, blocking: BlockingPool, expecting expectation: Expectation = Expectation(),
        box: SecretBox? = nil
    ) async throws -> AuditReport {
        try await pool.transaction("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", readOnly: true) { tx in
            let verification = AuditVerification(tx, blocking, expectation, box)
            try await verification.becomeReader()
            try await verification.checkKey()
            try await verification.checkSeals()
            try await verification.checkEvents()
            return verification.report
        }
    }

    /// Row-level security must hide nothing here; the owner has a policy of its own.
    private func becomeReader() async throws {
        let isFree = try await transaction.value(
            """
            SELECT rolsuper OR rolbypassrls
                OR oid = (SELECT relowner FROM pg_class WHERE oid = 'audit_event'::regclass)
            FROM pg_roles WHERE rolname = current_user
            """, as: Bool.self)
        if isFree != true { try await transaction.execute("SET LOCAL ROLE rookery_system") }
    }

    // MARK: The key

    private func checkKey() async throws {
        let stored = try await transaction.all(
            "SELECT \(StoredAuditKey.columns) FROM audit_key ORDER BY created_at, id LIMIT 10",
            as: StoredAuditKey.self)
        let isUsed =
            try await transaction.value(
                "SELECT EXISTS (SELECT FROM audit_event) OR EXISTS (SELECT FROM audit_seal)", as: Bool.self)
            ?? false
        let pinned = expectation.publicKey.map { AuditPublicKey($0) }
        if stored.isEmpty && (isUsed || pinned != nil) { report.find("the key is gone") }
        if stored.count > 1 { report.find("there is more than one key; only one was ever made") }
        if let first = stored.first {
            if first.id != first.publicKey.id { report.find("the key does not bear the name of its bytes") }
            if let box, (try? first.open(box)) == nil {
                report.find(
                    "the stored public key does not belong to the private key sealed with the master key")
            }
            if let pinned, pinned != first.publicKey {
                report.find("the stored key \(first.publicKey.fingerprint) is not the one expected")
            }
        }
        key = pinned ?? stored.first?.publicKey ?? key
        report.fingerprint = key.bytes.isEmpty ? nil : key.fingerprint
        if let wanted = expectation.fingerprint, !key.bytes.isEmpty, !key.fingerprint.hasPrefix(wanted) {
            report.find("the key's fingerprint \(key.fingerprint) is not the one expected")
        }
    }

    // MARK: Seals

    private func checkSeals() async throws {
        var previous: AuditSeal?
        var last: Int64 = .min
        var hasHead = false
        while true {
            let page = try await transaction.all(
                """
                SELECT id, sealed_at,
                    CASE WHEN cardinality(event_ids) <= \(Int64(AuditSeal.largest)) THEN event_ids ELSE '{}' END,
                    first_at, last_at, root, previous, key_id, signature
                FROM audit_seal WHERE id > \(last) ORDER BY id LIMIT \(Self.sealsAtOnce)
                """, as: AuditSeal.self)
            for seal in page {
                try await check(seal, after: previous)
                if seal.id == expectation.head?.seal {
                    hasHead = true
                    if hex(seal.hash) != expectation.head?.hash {
                        report.find("it is not the seal of this number that was kept elsewhere", in: seal)
                    }
                }
                previous = seal
            }
            guard let end = page.last, page.count == Int(Self.sealsAtOnce) else { break }
            last = end.id
        }
        if let head = expectation.head, !hasHead {
            report.find("seal \(head.seal), which was kept elsewhere, is not there")
        }
        report.head = previous.map { ($0.id, hex($0.hash)) }
    }

    private func check(_ seal: AuditSeal, after previous: AuditSeal?) async throws {
        report.seals += 1
        let expected = (previous?.id ?? 0) + 1
        if seal.id != expected {
            let gone =
                seal.id - 1 == expected ? "seal \(expected) is" : "seals \(expected) to \(seal.id - 1) are"
            report.find("\(gone) gone", in: seal)
        } else if seal.previous != previous?.hash ?? AuditSeal.origin {
            report.find("it does not follow from the seal before, one of the two was changed", in: seal)
        }
        if !seal.isGenuine(key) {
            report.find("the seal itself was changed or made by somebody else", in: seal)
        }
        report.newestSealed = max(report.newestSealed ?? seal.lastAt, seal.lastAt)
        try await checkEvents(of: seal)
    }

    private func checkEvents(of seal: AuditSeal) async throws {
        let events = try await transaction.all(
            """
            SELECT \(AuditRecord.columns) FROM audit_event
            WHERE created_at BETWEEN \(seal.firstAt) AND \(seal.lastAt) AND id = ANY (\(seal.eventIDs))
            ORDER BY id, tenant_id, created_at LIMIT \(Int64(2 * AuditSeal.largest))
            """, as: AuditRecord.self)
        report.sealedEvents += seal.eventIDs.count
        if events.map(\.id) == seal.eventIDs, AuditSeal.root(of: events) == seal.root { return }
        let found = report.findings.count
        for event in events where !event.isGenuine(key) { report.find(changed(event), in: seal, event.id) }
        for id in Set(seal.eventIDs).subtracting(events.map(\.id)).sorted() {
            let other = try await transaction.first(
                "SELECT \(AuditRecord.columns) FROM audit_event WHERE id = \(id) LIMIT 1",
                as: AuditRecord.self)
            let what = other.map { "its created_at was changed to \($0.createdAt)" } ?? "it was deleted"
            report.find(what, in: seal, id)
        }
        if report.findings.count == found {
            report.find("its events are not those that were sealed", in: seal)
        }
    }

    private func changed(_ event: AuditRecord) -> String {
        event.signature.isEmpty ? "it was put in by hand, without a signature" : "it was changed or forged"
    }

    // MARK: Events

    private func checkEvents() async throws {
        var last: AuditRecord?
        while true {
            let page = try await transaction.all(
                """
                SELECT \(AuditRecord.columns) FROM audit_event
                WHERE created_at >= \(last?.createdAt ?? .earliest)
                    AND (created_at, id, tenant_id)
                        > (\(last?.createdAt ?? .earliest), \(last?.id ?? .least), \(last?.tenant ?? .least))
                ORDER BY created_at, id, tenant_id LIMIT \(Self.eventsAtOnce)
                """, as: AuditRecord.self)
            report.events += page.count
            for event in try await forged(among: page) { report.find(changed(event), of: event) }
            guard let end = page.last, page.count == Int(Self.eventsAtOnce) else { break }
            last = end
        }
        try await checkUnsealed()
    }

    /// On the blocking pool's threads, all of them.
    private func forged(among events: [AuditRecord]) async throws -> [AuditRecord] {
        let (blocking, key) = (blocking, key)
        let part = max(1, (events.count + 3) / 4)
        return try await withThrowingTaskGroup(of: [AuditRecord].self) { group in
            for start in stride(from: 0, to: events.count, by: part) {
                let some = Array(events[start..<min(start + part, events.count)])
                group.addTask { try await blocking.run { some.filter { !$0.isGenuine(key) } } }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    /// Old events that no seal holds: their seals were taken away, or somebody kept them from being sealed. The
    /// database's clock counts too: one event from a node that is ahead makes no other old.
    private func checkUnsealed() async throws {
        let before = report.newestSealed.map { $0 - Self.sealedWithin } ?? .earliest
        let within = Self.sealedWithin.microseconds
        // Where the planner expects few seals, each event would be compared with all that are sealed.
        try await transaction.execute("SET LOCAL enable_nestloop = off")
        let events = try await transaction.all(
            """
            SELECT \(AuditRecord.columns) FROM audit_event AS event
            WHERE created_at < least(\(before), clock_timestamp() - \(within) * interval '1 us')
                AND NOT EXISTS (
                    SELECT FROM (SELECT unnest(event_ids) AS id FROM audit_seal) AS sealed
                    WHERE sealed.id = event.id)
            ORDER BY created_at LIMIT \(Int64(AuditReport.kept))
            """, as: AuditRecord.self)
        for event in events where event.isGenuine(key) { report.find("no seal holds it any more", of: event) }
    }
}

extension Timestamp {
    /// Before all events that can be told of, forged ones too: the year 1.
    static var earliest: Timestamp { Timestamp(microsecondsSince1970: -62_135_596_800_000_000) }
}

private func hex(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}
