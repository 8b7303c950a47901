import FoundationEssentials
import Platform
import Tenancy

/// Who is limited, in sixteen bytes: compared without an allocation.
package struct RateLimitKey: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt64

    package init<Entity>(_ id: ID<Entity>) {
        let bytes = id.uuid.uuid
        (high, low) = withUnsafeBytes(of: bytes) {
            ($0.loadUnaligned(as: UInt64.self), $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        }
    }

    /// Limited with its network.
    package init(_ address: IPAddress) {
        // No network is longer than eight bytes: the rest is nothing.
        high = address.network.bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        low = address.isIPv4 ? 4 : 6
    }

    /// nil for a stranger, and for the operator, who makes no requests.
    package init?(_ caller: Caller) {
        switch caller.identity {
        case .stranger, .operator, .platform: return nil
        case .admin(let id, _): self.init(id)
        case .platformAdmin(let id): self.init(id)
        case .apiKey(let id): self.init(id)
        }
    }
}
