/// Encrypts the secrets that are stored: bot tokens, signing keys (AES-256-GCM).
///
/// A sealed secret is: version 1 (a byte), the length of the key's name (a byte), the name, a random nonce
/// (12 bytes), the ciphertext, its tag (16 bytes). All before the nonce is authenticated, and so is the associated
/// data, which says whose secret it is: a sealed secret copied into another row does not open there.
/// Nonces are random, which is safe for 2³² secrets a key.
package struct SecretBox: Sendable {
    package enum Failure: Error, Equatable, Sendable {
        /// Cut short, or of another version.
        case malformed
        /// Sealed with a key that is not in the ring.
        case unknownKey(name: String)
        /// Altered, another's, or sealed with another key of the same name.
        case notGenuine
        case cannotSeal
    }

    private static let version: UInt8 = 1

    private let keyRing: KeyRing

    package init(keyRing: KeyRing) { self.keyRing = keyRing }

    package func seal(
        _ secret: some Collection<UInt8>, for associated: some Collection<UInt8>
    ) throws(Failure) -> [UInt8] {
        try seal(Array(secret), for: Array(associated), nonce: Random.bytes(AES256GCM.nonceLength))
    }

    func seal(_ secret: [UInt8], for associated: [UInt8], nonce: [UInt8]) throws(Failure) -> [UInt8] {
        let key = keyRing.keys[0]
        let head = head
        let sealed = AES256GCM.seal(secret, key: key.bytes, nonce: nonce, associated: head + associated)
        guard let sealed else { throw .cannotSeal }
        return head + nonce + sealed
    }

    package func open(_ sealed: [UInt8], for associated: some Collection<UInt8>) throws(Failure) -> [UInt8] {
        let name = try Self.keyName(of: sealed)
        guard let key = keyRing.keys.first(where: { $0.name == name }) else { throw .unknownKey(name: name) }
        let headLength = 2 + name.utf8.count
        let bodyStart = headLength + AES256GCM.nonceLength
        guard sealed.count >= bodyStart + AES256GCM.tagLength else { throw .malformed }
        let secret = AES256GCM.open(
            Array(sealed[bodyStart...]), key: key.bytes, nonce: Array(sealed[headLength..<bodyStart]),
            associated: sealed[..<headLength] + Array(associated))
        guard let secret else { throw .notGenuine }
        return secret
    }

    /// The name of the key that seals.
    package var newestKey: String { keyRing.keys[0].name }

    /// The names of all keys, the newest first.
    package var keyNames: [String] { keyRing.keys.map(\.name) }

    /// What all begins with that the newest key seals.
    package var head: [UInt8] { [Self.version, UInt8(newestKey.utf8.count)] + newestKey.utf8 }

    /// Whether a key that is no longer the newest sealed it: seal it anew, and the old key can go.
    package func isOutdated(_ sealed: [UInt8]) throws(Failure) -> Bool {
        try Self.keyName(of: sealed) != keyRing.keys[0].name
    }

    private static func keyName(of sealed: [UInt8]) throws(Failure) -> String {
        guard sealed.count > 2, sealed[0] == version, case let length = Int(sealed[1]),
            sealed.count >= 2 + length,
            let name = String(validating: sealed[2..<(2 + length)], as: UTF8.self)
        else { throw .malformed }
        return name
    }
}

extension SecretBox.Failure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .malformed: "what is sealed is cut short, or of another version"
        case .unknownKey(let name): "it is sealed with the master key \"\(name)\", which is not given"
        case .notGenuine: "it does not open with the master key of that name, or was altered"
        case .cannotSeal: "it cannot be sealed"
        }
    }
}
