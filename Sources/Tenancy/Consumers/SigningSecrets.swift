import Platform

/// The secrets that sign a consumer's deliveries, sealed, newest first. The newest signs for good, each older one
/// until its moment, so that receivers have time to learn the new one.
package struct SigningSecrets: Sendable, RowDecodable {
    /// Signatures a delivery carries at most.
    static let most = 5
    static let columns: SQL = "consumer.secrets_sealed, consumer.older_secrets_until"

    private(set) var sealed: [[UInt8]]
    /// One less than `sealed`.
    private(set) var olderUntil: [Timestamp]

    package init(row: inout Row) throws {
        sealed = try row.next()
        olderUntil = try row.next()
    }

    /// Puts a new one first. No older one signs longer than until `end`, and none that is over stays.
    mutating func put(_ secret: [UInt8], olderUntil end: Timestamp, at now: Timestamp) {
        let ends = ([end] + olderUntil.map { min($0, end) }).prefix(sealed.count)
        let older = zip(sealed, ends).filter { $0.1 > now }.prefix(Self.most - 1)
        sealed = [secret] + older.map(\.0)
        olderUntil = older.map(\.1)
    }

    func signer(of consumer: ID<Consumer>, _ tenant: ID<Tenant>, box: ConsumerSecrets) throws -> WebhookSigner
    {
        let ends = [nil] + olderUntil.map { Optional($0) }
        return try WebhookSigner(
            zip(sealed, ends).map { (try box.open($0, .signing, of: consumer, tenant), until: $1) })
    }
}

/// What may be shown of a consumer's signing secrets.
package struct ConsumerSigning: Sendable, Equatable {
    /// `whpk_…`; nil when the newest secret is a shared one.
    package let publicKey: String?
    /// When the older ones end that still sign.
    package let olderSecretsUntil: [Timestamp]
}
