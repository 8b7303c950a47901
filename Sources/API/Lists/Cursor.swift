import Platform
import Tenancy

/// Where a list goes on, as clients hold it: sealed, so that it tells nothing, and bound to its tenant, list and
/// filters, so that it opens nowhere else.
struct Cursor: Sendable {
    private let box: SecretBox
    private let binding: [UInt8]

    init(box: SecretBox, tenant: ID<Tenant>, path: String, filters: [String: String]) {
        self.box = box
        var text = JSONWriter()
        text.array(
            ["cursor", tenant.description, path] + filters.sorted { $0.key < $1.key }.flatMap { [$0, $1] }
        ) {
            $0.string($1)
        }
        binding = text.bytes
    }

    /// - Returns: nil only when the sealing itself fails, which ends the list early rather than wrongly.
    func seal(_ key: String) -> String? {
        (try? box.seal(Array(key.utf8), for: binding)).map { Base64.encode($0, .urlSafe) }
    }

    /// - Returns: nil for what was altered or made for another list.
    func open(_ text: String) -> String? {
        guard let sealed = Base64.decode(text, .urlSafe), let key = try? box.open(sealed, for: binding) else {
            return nil
        }
        return String(validating: key, as: UTF8.self)
    }
}
