import Platform
import Tenancy

/// Slows down guessing. Failures are counted by e-mail, whether or not there is such an account, and by address; from
/// the fifth (an address: the hundredth) on, each one shuts the door for twice as long as the one before, from a
/// second to 15 minutes. An hour without a failure, and the count begins anew.
///
/// What is one failure short of the limit is counted before the password is checked, and given back when it was right:
/// from there on many guesses at once get no more than one after the other. Before that, all that begin before the
/// first of them has failed are checked: as many as `Passwords` lets wait. An attempt while the door is shut counts nothing and lasts no longer.
package struct SignInThrottle: Sendable {
    /// The door is shut.
    package struct Shut: Error, Sendable {
        package let retryAfter: Duration
    }

    /// What is to be done once it is known whether the password was right.
    package struct Admission: Sendable {
        fileprivate var counted: [Subject] = []
        fileprivate var uncounted: [Subject] = []
        fileprivate var hasFailures = false

        /// Whether a right password has anything to forget or to give back.
        package var isRemembered: Bool { hasFailures || !counted.isEmpty }
    }

    fileprivate enum Kind { case account, address }

    fileprivate struct Subject: Sendable {
        let kind: Kind
        let digest: [UInt8]

        init(_ kind: Kind, _ text: String) {
            self.kind = kind
            digest = SHA256.hash(Array("\(kind) \(text)".utf8))
        }

        /// The failure that first shuts the door.
        var limit: Int { kind == .account ? 5 : 100 }
    }

    private static let memory = Duration.seconds(3600)
    private static let longestDelay = 900

    /// Always in this order, so that two of them cannot wait for each other.
    private let subjects: [Subject]

    package init(email: String, address: IPAddress) {
        subjects = [
            Subject(.account, EmailAddress.folded(email)), Subject(.address, Self.network(of: address)),
        ]
    }

    /// - Throws: `Shut`
    package func admit(in tx: PlatformTransaction) async throws -> Admission {
        var admission = Admission()
        for subject in subjects {
            let state = try await state(of: subject, in: tx)
            if let state, state.wait > .zero { throw Shut(retryAfter: state.wait) }
            if subject.kind == .account, state != nil { admission.hasFailures = true }
            guard let state, state.failures + 1 >= subject.limit else {
                admission.uncounted.append(subject)
                continue
            }
            // Another attempt may just have shut the door.
            guard try await count(subject, unlessShut: true, in: tx) else {
                let wait = try await self.state(of: subject, in: tx)?.wait ?? .zero
                throw Shut(retryAfter: max(wait, .seconds(1)))
            }
            admission.counted.append(subject)
        }
        return admission
    }

    /// The password was wrong.
    package func fail(_ admission: Admission, in tx: PlatformTransaction) async throws {
        for subject in admission.uncounted { _ = try await count(subject, unlessShut: false, in: tx) }
    }

    /// The password was right. The address has its failures still: they may be of other accounts.
    package func succeed(_ admission: Admission, in tx: PlatformTransaction) async throws {
        for subject in subjects where subject.kind == .account {
            try await tx.execute("DELETE FROM sign_in_failure WHERE subject = \(subject.digest)")
        }
        for subject in admission.counted where subject.kind == .address {
            try await giveBack(subject, in: tx)
        }
    }

    /// The password has not been checked.
    package func withdraw(_ admission: Admission, in tx: PlatformTransaction) async throws {
        for subject in admission.counted { try await giveBack(subject, in: tx) }
    }

    /// Failures that no longer count, some at a time.
    /// - Returns: how many rows went.
    package static func deleteExpired(limit: Int = 1000, in tx: PlatformTransaction) async throws -> Int {
        try await tx.execute(
            """
            DELETE FROM sign_in_failure WHERE subject IN (
                SELECT subject FROM sign_in_failure
                WHERE last_at < clock_timestamp() - \(memory.microseconds) * interval '1 us'
                LIMIT \(limit) FOR UPDATE SKIP LOCKED)
            """)
    }

    // MARK: Rows

    private struct State: RowDecodable {
        let failures: Int
        let wait: Duration

        init(row: inout Row) throws {
            failures = try row.next()
            wait = .microseconds(try row.next(Int64.self))
        }
    }

    private func state(of subject: Subject, in tx: PlatformTransaction) async throws -> State? {
        try await tx.first(
            """
            SELECT failures, (extract(epoch FROM blocked_until - clock_timestamp()) * 1000000)::bigint
            FROM sign_in_failure
            WHERE subject = \(subject.digest)
                AND last_at >= clock_timestamp() - \(Self.memory.microseconds) * interval '1 us'
            """)
    }

    /// - Returns: false when it was not counted since the door is shut.
    private func count(_ subject: Subject, unlessShut: Bool, in tx: PlatformTransaction) async throws -> Bool
    {
        try await tx.execute(
            """
            INSERT INTO sign_in_failure AS known (subject, failures, last_at, blocked_until)
            VALUES (\(subject.digest), 1, clock_timestamp(), clock_timestamp())
            ON CONFLICT (subject) DO UPDATE SET (failures, last_at, blocked_until) = (
                SELECT failures, now, CASE WHEN failures < \(subject.limit) THEN now ELSE now + interval '1 s'
                    * least(\(Self.longestDelay), 2 ^ least(failures - \(subject.limit), 30)) END
                FROM (
                    SELECT now, CASE WHEN known.last_at < now - \(Self.memory.microseconds) * interval '1 us'
                        THEN 1 ELSE known.failures + 1 END AS failures
                    FROM (SELECT clock_timestamp() AS now) AS clock
                ) AS next)
            WHERE NOT \(unlessShut) OR known.blocked_until <= clock_timestamp()
            """) == 1
    }

    private func giveBack(_ subject: Subject, in tx: PlatformTransaction) async throws {
        try await tx.execute(
            """
            UPDATE sign_in_failure SET failures = greatest(1, failures - 1), blocked_until = clock_timestamp()
            WHERE subject = \(subject.digest)
            """)
    }

    private static func network(of address: IPAddress) -> String {
        address.isIPv4 ? "\(address)" : "\(address.network)/64"
    }
}
