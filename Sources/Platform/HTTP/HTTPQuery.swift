/// The parameters of a query string, decoded, in their order. `+` is a space; a name may come several times.
package struct HTTPQuery: Sendable {
    package let items: [(name: String, value: String)]

    /// - Parameter text: what stands after `?`, still encoded. A name without `=` has an empty value.
    /// - Returns: nil when something in it is no valid percent-encoded UTF-8.
    package init?(_ text: String?) {
        var items: [(name: String, value: String)] = []
        for part in (text ?? "").utf8.split(separator: UInt8(ascii: "&")) {
            let sides = part.split(
                separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentEncoding.decode(sides[0], plusIsSpace: true),
                let value = PercentEncoding.decode(
                    sides.count == 2 ? sides[1] : part[part.endIndex...], plusIsSpace: true)
            else { return nil }
            items.append((name, value))
        }
        self.items = items
    }

    /// The first value of `name`.
    package subscript(name: String) -> String? { items.first { $0.name == name }?.value }

    package func values(of name: String) -> [String] { items.filter { $0.name == name }.map(\.value) }

    /// In the order of their first appearance, each once.
    package var names: [String] {
        items.reduce(into: []) { names, item in if !names.contains(item.name) { names.append(item.name) } }
    }
}
