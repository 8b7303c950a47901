/// First in, first out, without moving what is behind at every step.
struct TurnQueue<Element> {
    private var elements: [Element] = []
    private var start = 0

    var isEmpty: Bool { start == elements.count }
    var count: Int { elements.count - start }

    mutating func append(_ element: Element) { elements.append(element) }

    mutating func popFirst() -> Element? {
        guard start < elements.count else { return nil }
        defer { compact() }
        start += 1
        return elements[start - 1]
    }

    mutating func removeAll(where isUnwanted: (Element) -> Bool) {
        elements.removeFirst(start)
        start = 0
        elements.removeAll(where: isUnwanted)
    }

    private mutating func compact() {
        guard start == elements.count || start >= 256 && start * 2 > elements.count else { return }
        elements.removeFirst(start)
        start = 0
    }
}
