/// Collects an answer as it arrives, within its limits.
struct ReceivedAnswer {
    private var bodyLimit: Int
    private let dataLimit: Int?
    private let headerLimit: Int
    private var headerBytes = 0
    /// A head has begun, and the empty line that ends it has not come.
    private(set) var isInHead = false
    private(set) var status = 0
    private(set) var headers: [(name: String, value: String)] = []
    private(set) var body: [UInt8] = []
    private(set) var isTruncated = false
    private(set) var hasTooManyHeaders = false

    /// - Parameter dataLimit: of the body, when the answer is a success and JSON or a form.
    init(bodyLimit: Int, dataLimit: Int? = nil, headerLimit: Int) {
        self.bodyLimit = bodyLimit
        self.dataLimit = dataLimit
        self.headerLimit = headerLimit
    }

    /// - Returns: false to end the transfer.
    mutating func takeHeaderLine(_ bytes: UnsafeRawBufferPointer) -> Bool {
        headerBytes += bytes.count
        guard headerBytes <= headerLimit else {
            hasTooManyHeaders = true
            return false
        }
        if bytes.starts(with: "HTTP/".utf8) {
            // A new head: the final answer after an interim one.
            isInHead = true
            headers.removeAll(keepingCapacity: true)
            status = Self.status(in: bytes)
        } else if bytes.allSatisfy({ $0 == 0x0D || $0 == 0x0A }) {
            isInHead = false
            if let dataLimit, isData { bodyLimit = max(bodyLimit, dataLimit) }
        } else if isInHead, let colon = bytes.firstIndex(of: UInt8(ascii: ":")) {
            let name = String(decoding: bytes[..<colon], as: UTF8.self)
            headers.append((name, Self.trimmed(bytes[(colon + 1)...])))
        }
        return true
    }

    /// - Returns: false to end the transfer.
    mutating func takeBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let room = bodyLimit - body.count
        body.append(contentsOf: bytes.prefix(room))
        isTruncated = bytes.count > room
        return !isTruncated
    }

    private var isData: Bool {
        guard (200..<300).contains(status),
            let type = headers.first(where: { $0.name.lowercased() == "content-type" })?.value.lowercased()
        else { return false }
        return type.hasPrefix("application/json") || type.hasPrefix("application/x-www-form-urlencoded")
    }

    /// The number after the first space of a status line, 0 when there is none.
    private static func status(in line: UnsafeRawBufferPointer) -> Int {
        guard let space = line.firstIndex(of: UInt8(ascii: " ")) else { return 0 }
        let digits = line[(space + 1)...].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return Int(String(decoding: digits, as: UTF8.self)) ?? 0
    }

    private static func trimmed(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
        let start = bytes.firstIndex { $0 > 0x20 } ?? bytes.endIndex
        let end = bytes.lastIndex { $0 > 0x20 }.map { $0 + 1 } ?? start
        return String(decoding: bytes[start..<end], as: UTF8.self)
    }
}
