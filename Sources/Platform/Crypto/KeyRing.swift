/// Encryption keys by name, the newest first: it seals; all of them open.
package struct KeyRing: Sendable, CustomStringConvertible, CustomReflectable {
    /// What is wrong with the text of a key ring. Tells of names and positions (from 1), never of keys.
    package enum Fault: Error, Equatable, Sendable {
        case empty
        case invalidName(position: Int)
        /// Not the base64 of 32 bytes.
        case invalidKey(position: Int)
        case repeatedName(String)
    }

    struct Key: Sendable {
        let name: String
        let bytes: [UInt8]
    }

    let keys: [Key]

    /// Parses `name:key,name:key`, keys in standard base64, names of 1–32 characters `A-Za-z0-9_-`.
    /// A single key may stand without a name and is then called `1`.
    package init(_ text: String) throws(Fault) {
        var keys: [Key] = []
        let entries = text.split(separator: ",").map { $0.filter { !$0.isWhitespace } }.filter { !$0.isEmpty }
        for (index, entry) in entries.enumerated() {
            let parts = entry.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let name = parts.count == 2 ? String(parts[0]) : "1"
            guard parts.count == 2 || entries.count == 1, Self.isName(name) else {
                throw .invalidName(position: index + 1)
            }
            guard let bytes = Base64.decode(parts[parts.count - 1]), bytes.count == AES256GCM.keyLength else {
                throw .invalidKey(position: index + 1)
            }
            guard !keys.contains(where: { $0.name == name }) else { throw .repeatedName(name) }
            keys.append(Key(name: name, bytes: bytes))
        }
        guard !keys.isEmpty else { throw .empty }
        self.keys = keys
    }

    package var description: String { "KeyRing(" + keys.map(\.name).joined(separator: ", ") + ")" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }

    private static func isName(_ text: String) -> Bool {
        (1...32).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
