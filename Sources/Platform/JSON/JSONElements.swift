/// Finds the elements of an array in JSON text without changing a byte of them, which a decoder cannot do.
enum JSONElements {
    /// The ranges of the elements of the array under `"result"` in the outermost object.
    /// - Returns: nil when there is no such array, or the text is not JSON up to its end.
    static func ofResult(in text: [UInt8]) -> [Range<Int>]? {
        text.withUnsafeBufferPointer { buffer in
            var scanner = JSONScanner(buffer)
            guard scanner.take("{") else { return nil }
            repeat {
                guard let name = scanner.name() else { return nil }
                if scanner.equals(name, "result") { return elements(&scanner) }
                guard scanner.skipValue() else { return nil }
            } while scanner.take(",")
            return nil
        }
    }

    private static func elements(_ scanner: inout JSONScanner) -> [Range<Int>]? {
        guard scanner.take("[") else { return nil }
        var elements: [Range<Int>] = []
        if scanner.take("]") { return elements }
        repeat {
            guard let element = scanner.value() else { return nil }
            elements.append(element)
        } while scanner.take(",")
        return scanner.take("]") ? elements : nil
    }
}
