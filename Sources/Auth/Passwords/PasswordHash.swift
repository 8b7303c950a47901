import Platform

/// What is kept of a password: scrypt (RFC 7914) of it, with a salt of its own, as a PHC string
/// (`$scrypt$ln=15,r=8,p=3$salt$hash`, base64 without padding).
package struct PasswordHash: Sendable, Equatable {
    /// How much work a hash is: 2^`logN` rounds over blocks of `r` × 128 bytes, `p` times one after the other.
    package struct Cost: Sendable, Equatable {
        package let logN: Int
        package let r: Int
        package let p: Int

        /// About 32 MiB and a third of a second on one core.
        package static let standard = Cost(logN: 15, r: 8, p: 3)

        package init(logN: Int, r: Int, p: Int) {
            self.logN = logN
            self.r = r
            self.p = p
        }

        /// What a stored hash may ask for: no more than 64 MiB, and four times the standard's work.
        var isBearable: Bool {
            (1...17).contains(logN) && (1...32).contains(r) && (1...16).contains(p)
                && (1 << logN) * r * 128 <= 64 << 20
                && (1 << logN) * r * p <= 4 * (1 << Cost.standard.logN) * Cost.standard.r * Cost.standard.p
        }
    }

    package struct CannotHash: Error {}

    private static let saltLength = 16
    private static let hashLength = 32

    let cost: Cost
    private let salt: [UInt8]
    private let hash: [UInt8]

    /// Hashes anew, with a fresh salt. Takes long: for the threads of `Passwords`.
    package init(of password: String, cost: Cost = .standard) throws {
        self.cost = cost
        salt = Random.bytes(Self.saltLength)
        guard let hash = Self.derive(password, salt, cost, Self.hashLength) else { throw CannotHash() }
        self.hash = hash
    }

    /// Reads a PHC string.
    /// - Returns: nil for another algorithm, parameters that are none or ask for too much, a short salt or hash.
    package init?(phc text: String) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0].isEmpty, parts[1] == "scrypt", let cost = Cost(phc: parts[2]),
            let salt = Self.decode(parts[3]), (8...64).contains(salt.count),
            let hash = Self.decode(parts[4]), (16...64).contains(hash.count)
        else { return nil }
        self.cost = cost
        self.salt = salt
        self.hash = hash
    }

    /// A hash that no password has, as dear to check as any: for accounts that do not exist.
    package static func unmatched(cost: Cost = .standard) -> PasswordHash {
        PasswordHash(cost: cost, salt: Random.bytes(saltLength), hash: Random.bytes(hashLength))
    }

    private init(cost: Cost, salt: [UInt8], hash: [UInt8]) {
        self.cost = cost
        self.salt = salt
        self.hash = hash
    }

    /// Takes as long as making the hash did.
    package func matches(_ password: String) -> Bool {
        guard let derived = Self.derive(password, salt, cost, hash.count) else { return false }
        return constantTimeEquals(derived, hash)
    }

    /// Whether it was made with other parameters than new ones are: hash the password anew when it is at hand.
    package func needsRehash(to cost: Cost = .standard) -> Bool {
        self.cost != cost || salt.count != Self.saltLength || hash.count != Self.hashLength
    }

    package var phc: String {
        "$scrypt$ln=\(cost.logN),r=\(cost.r),p=\(cost.p)$\(Self.unpadded(salt))$\(Self.unpadded(hash))"
    }

    private static func derive(_ password: String, _ salt: [UInt8], _ cost: Cost, _ length: Int) -> [UInt8]? {
        Scrypt(cost: 1 << UInt64(cost.logN), blockSize: UInt64(cost.r), parallelization: UInt64(cost.p))?
            .derive(Array(password.utf8), salt: salt, count: length)
    }

    private static func unpadded(_ bytes: [UInt8]) -> String { Base64.encode(bytes).filter { $0 != "=" } }

    private static func decode(_ text: Substring) -> [UInt8]? {
        guard !text.contains("=") else { return nil }
        return Base64.decode(text + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4))
    }
}

extension PasswordHash.Cost {
    /// `ln=15,r=8,p=3`, in this order.
    fileprivate init?(phc text: Substring) {
        let fields = text.split(separator: ",", omittingEmptySubsequences: false)
        guard fields.count == 3, let logN = Self.number(fields[0], "ln="),
            let r = Self.number(fields[1], "r="),
            let p = Self.number(fields[2], "p=")
        else { return nil }
        self.init(logN: logN, r: r, p: p)
        guard isBearable else { return nil }
    }

    private static func number(_ text: Substring, _ name: String) -> Int? {
        guard text.hasPrefix(name), case let digits = text.dropFirst(name.count), digits.count <= 3,
            digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return Int(digits)
    }
}
