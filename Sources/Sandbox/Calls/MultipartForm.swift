/// A multipart/form-data body (RFC 7578). Of a file only name, type and size are kept.
struct MultipartForm {
    struct Part: Equatable {
        let name: String
        let value: JSON
    }

    let parts: [Part]

    /// nil when the type names no boundary or the body does not follow it to its closing delimiter.
    init?(contentType: String, body: [UInt8]) {
        guard let boundary = HeaderParameters(contentType)["boundary"], !boundary.isEmpty else { return nil }
        let delimiter = Array("--\(boundary)".utf8)
        guard body.starts(with: delimiter) else { return nil }
        var parts: [Part] = []
        var position = delimiter.count
        let lineBreak: [UInt8] = [0x0D, 0x0A]
        while !body[position...].starts(with: Array("--".utf8)) {
            guard body[position...].starts(with: lineBreak),
                let headEnd = body.firstRange(of: Array("\r\n\r\n".utf8), from: position),
                let end = body.firstRange(of: lineBreak + delimiter, from: headEnd + 2)
            else { return nil }
            let content = headEnd + 4 <= end ? body[(headEnd + 4)..<end] : []
            guard let part = Self.part(head: body[position..<headEnd], content: content) else { return nil }
            parts.append(part)
            position = end + 2 + delimiter.count
        }
        self.parts = parts
    }

    private static func part(head: ArraySlice<UInt8>, content: ArraySlice<UInt8>) -> Part? {
        var disposition: HeaderParameters?
        var type: String?
        for line in String(decoding: head, as: UTF8.self).split(whereSeparator: \.isNewline) {
            let pieces = line.split(separator: ":", maxSplits: 1)
            guard pieces.count == 2 else { continue }
            switch pieces[0].lowercased() {
            case "content-disposition": disposition = HeaderParameters(String(pieces[1]))
            case "content-type": type = pieces[1].trimmingSpace
            default: break
            }
        }
        guard let name = disposition?["name"] else { return nil }
        guard let file = disposition?["filename"] else {
            return Part(name: name, value: .string(String(decoding: content, as: UTF8.self)))
        }
        let value = JSON.members([
            "file_name": .string(file), "content_type": type.map { .string($0) },
            "size": .integer(content.count),
        ])
        return Part(name: name, value: value)
    }
}

/// The `; name=value` and `; name="value"` of a header.
private struct HeaderParameters {
    private var values: [String: String] = [:]

    init(_ header: String) {
        var isQuoted = false
        var pieces: [String] = [""]
        for character in header {
            if character == "\"" { isQuoted.toggle() }
            if character == ";" && !isQuoted {
                pieces.append("")
            } else {
                pieces[pieces.count - 1].append(character)
            }
        }
        for piece in pieces.dropFirst() {
            let sides = piece.split(separator: "=", maxSplits: 1)
            guard sides.count == 2 else { continue }
            let value = sides[1].trimmingSpace
            let isInQuotes = value.count >= 2 && value.hasPrefix("\"") && value.hasSuffix("\"")
            values[sides[0].trimmingSpace.lowercased()] =
                isInQuotes ? String(value.dropFirst().dropLast()) : value
        }
    }

    subscript(name: String) -> String? { values[name] }
}

extension [UInt8] {
    /// Where `pattern` begins, at `start` or after it.
    fileprivate func firstRange(of pattern: [UInt8], from start: Int) -> Int? {
        guard let first = pattern.first, start >= 0 else { return nil }
        var index = start
        while index + pattern.count <= count {
            guard let candidate = self[index...].firstIndex(of: first), candidate + pattern.count <= count
            else {
                return nil
            }
            if self[candidate..<(candidate + pattern.count)].elementsEqual(pattern) { return candidate }
            index = candidate + 1
        }
        return nil
    }
}
