import Platform
import Tenancy

extension SealedColumn {
    /// What belongs to no tenant. Keys that verify no more are never opened again.
    package static let ofPlatform: [SealedColumn] = [
        SealedColumn(
            "signing_key", "private_key_sealed", key: [.text("id")],
            where: "(retired_at IS NULL OR retired_at > clock_timestamp())"
        ) { $0.first.map { SigningKey.binding($0) } },
        SealedColumn("audit_key", "private_key_sealed", key: [.text("id")]) {
            $0.first.map { AuditKey.binding($0) }
        },
        SealedColumn("refresh_token", "successor_sealed", key: [.bytes("digest")]) { key in
            key.first.flatMap { Base64.decode($0) }.map { RefreshToken.binding(toParent: $0) }
        },
    ]
}
