/// What stood in a path for the `{name}` segments of its route. They are few, so they are looked through one by one.
package struct PathParameters: Sendable {
    private let names: [String]
    private let values: [String]

    init(_ names: [String], _ values: [String]) {
        self.names = names
        self.values = values
    }

    package init(_ pairs: [String: String]) {
        self.init(Array(pairs.keys), Array(pairs.values))
    }

    package subscript(name: String) -> String? { names.firstIndex(of: name).map { values[$0] } }
}

extension PathParameters: Sequence {
    package func makeIterator() -> Zip2Sequence<[String], [String]>.Iterator {
        zip(names, values).makeIterator()
    }
}
