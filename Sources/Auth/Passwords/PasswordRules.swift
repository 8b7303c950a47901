import Platform

/// What a new password must be: long, and not among those that are tried first. Nothing is asked of its characters
/// (NIST SP 800-63B section 5.1.1.2).
package enum PasswordRules {
    package enum Fault: String, Error, Sendable {
        case tooShort = "too_short"
        case tooLong = "too_long"
        case tooCommon = "too_common"

        /// After "the password".
        package var explanation: String {
            switch self {
            case .tooShort: "must have at least \(length.lowerBound) characters"
            case .tooLong: "must have at most \(length.upperBound) characters"
            case .tooCommon: "is one of those that are tried first"
            }
        }
    }

    /// In Unicode scalars, as they are sent: the same text typed with composed letters is another password.
    package static let length = 12...256

    /// - Throws: `Fault`
    package static func check(_ password: String, email: String) throws(Fault) {
        let count = password.unicodeScalars.count
        guard count >= length.lowerBound else { throw .tooShort }
        guard count <= length.upperBound else { throw .tooLong }
        let folded = password.lowercased()
        if isEmail(folded, EmailAddress.folded(email)) || isSequence(folded) || isRepetition(folded)
            || KnownPasswords.contains(folded)
        {
            throw .tooCommon
        }
    }

    private static func isEmail(_ password: String, _ email: String) -> Bool {
        let name = email.prefix { $0 != "@" }
        return password == email || password == name || password == name + name
    }

    /// The same few characters over and over: `aaaaaaaaaaaa`, `abc1abc1abc1`.
    private static func isRepetition(_ text: String) -> Bool {
        let characters = Array(text.unicodeScalars)
        return (1...4).contains { period in
            characters.indices.dropFirst(period).allSatisfy { characters[$0] == characters[$0 - period] }
        }
    }

    /// One character after the other, up or down: in the alphabet, among the digits, along the rows of a keyboard.
    private static func isSequence(_ text: String) -> Bool {
        rows.contains { row in
            let round = row + row + row
            return round.contains(text) || String(round.reversed()).contains(text)
        }
    }

    private static let rows = [
        "abcdefghijklmnopqrstuvwxyz", "0123456789", "01234567890", "1234567890-=",
        "qwertyuiopasdfghjklzxcvbnm",
        "qwertyuiop[]asdfghjkl;'zxcvbnm,./", "qwertzuiopasdfghjklyxcvbnm", "azertyuiopqsdfghjklmwxcvbn",
        "abcdefghijklmnopqrstuvwxyz0123456789", "0123456789abcdef", "1234567890qwertyuiop",
        "1234567890abcdefghijklmnopqrstuvwxyz", "!@#$%^&*()_+",
    ]
}
