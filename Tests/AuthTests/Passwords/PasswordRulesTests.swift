import Auth
import Testing

@Suite("Password rules")
struct PasswordRulesTests {
    @Test(
        "Passwords that nobody tries first are taken, whatever they are made of",
        arguments: [
            "seven crows on a wire", "correct-horse-rookery", "zwölf Krähen", "烏が七羽電線にとまっている", "qK4vTz9mWx2b",
            "eleven123 magpies",
            String(repeating: "abcdefgh ijklmnop", count: 15),
        ])
    func taken(_ password: String) throws {
        try PasswordRules.check(password, email: "ada@example.com")
    }

    @Test("Less than 12 characters are too few, and more than 256 too many, counted as scalars")
    func length() {
        let unit = "krähe-und-rabe!?"

        #expect(fault("krähe 12345") == .tooShort)
        #expect(fault("krähe 123456") == nil)
        #expect(fault(String(repeating: unit, count: 16)) == nil)
        #expect(fault(String(repeating: unit, count: 16) + "x") == .tooLong)
        #expect(fault("🐦🐦🐦🐦") == .tooShort)
    }

    @Test(
        "The most common ones are refused, however they are written",
        arguments: [
            "password1234", "Password2024!", "PASSWORDPASSWORD", "qwertyuiop123", "1q2w3e4r5t6y",
            "iloveyou1234", "administrator",
            "Administrator1", "letmein12345", "welcome12345", "123456789012", "1234567890123456",
            "098765432109", "abcdefghijkl",
            "qwertyuiopas", "lkjhgfdsapoi", "aaaaaaaaaaaa", "ababababababab", "abcabcabcabc",
            "12341234123412", "1qaz2wsx3edc", "michael123456",
            "unbelievable", "correcthorsebatterystaple", "0123456789abc",
        ])
    func common(_ password: String) {
        #expect(fault(password) == .tooCommon)
    }

    @Test(
        "The e-mail, and its first part, are refused",
        arguments: ["Ada.Lovelace@Example.com", "ada.lovelace", "ada.lovelaceada.lovelace"])
    func email(_ password: String) {
        #expect(throws: PasswordRules.Fault.tooCommon) {
            try PasswordRules.check(password, email: "ada.lovelace@example.com")
        }
    }

    private func fault(_ password: String) -> PasswordRules.Fault? {
        do {
            try PasswordRules.check(password, email: "ada@example.com")
            return nil
        } catch {
            return error
        }
    }
}
