/// E-mail addresses as people write them.
package enum EmailAddress {
    /// Whether `text` can be one: ASCII (a domain of other letters has an ASCII form), a part before and one after
    /// one `@`, no white space, nothing that separates or quotes in a header, at most 254 characters
    /// (RFC 5321 section 4.5.3.1.3).
    package static func isValid(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { !$0.isEmpty } && text.utf8.count <= 254
            && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && !forbidden.contains($0) }
    }

    private static let forbidden = Array("<>,;:\\\"()[]".utf8)

    /// The form in which two ways to write one address are equal.
    package static func folded(_ text: String) -> String { text.lowercased() }
}
