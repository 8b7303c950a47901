import CMicroHTTPD

/// The head of a request as libmicrohttpd has cut it up: addresses into its read buffer, valid during the
/// call of the access handler only.
struct RequestHead {
    struct Field {
        let name: UnsafeBufferPointer<UInt8>
        let value: UnsafeBufferPointer<UInt8>
    }

    let method: UnsafeBufferPointer<UInt8>
    let version: UnsafeBufferPointer<UInt8>
    /// Where the target was when the request line was read.
    let targetAddress: UInt
    let targetLength: Int
    private(set) var fields: [Field] = []
    /// From the method to the end of the empty line, as libmicrohttpd has read it.
    let reportedSize: Int

    init(
        connection: OpaquePointer, method: UnsafePointer<CChar>, version: UnsafePointer<CChar>,
        targetAddress: UInt,
        targetLength: Int, reusing storage: inout [Field]
    ) {
        self.method = Self.bytes(method)
        self.version = Self.bytes(version)
        self.targetAddress = targetAddress
        self.targetLength = targetLength
        reportedSize = shim_header_size(connection)
        swap(&fields, &storage)
        fields.removeAll(keepingCapacity: true)
        withUnsafeMutablePointer(to: &fields) { fields in
            shim_each_header(
                connection,
                { context, _, name, nameSize, value, valueSize in
                    let fields = context!.assumingMemoryBound(to: [Field].self)
                    fields.pointee.append(Field(name: part(name, nameSize), value: part(value, valueSize)))
                    return .YES
                }, fields)
        }
    }

    /// Bytes on the wire, near enough.
    var size: Int {
        fields.reduce(method.count + targetLength + version.count + 4) {
            $0 + $1.name.count + $1.value.count + 4
        }
    }

    /// The values of `name`, which is lower-case.
    func values(of name: StaticString) -> [UnsafeBufferPointer<UInt8>] {
        let name = UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        return fields.filter { $0.name.count == name.count && ASCII.equalsWithoutCase($0.name, name) }.map(
            \.value)
    }

    /// A copy that outlives the call, without the blanks around values.
    var headers: HTTPHeaders {
        var headers = HTTPHeaders()
        headers.reserve(fields: fields.count, bytes: fields.reduce(0) { $0 + $1.name.count + $1.value.count })
        for field in fields { headers.add(field.name, ASCII.trimmed(field.value)) }
        return headers
    }

    private static func bytes(_ text: UnsafePointer<CChar>) -> UnsafeBufferPointer<UInt8> {
        var count = 0
        while text[count] != 0 { count += 1 }
        return part(text, count)
    }
}

private func part(_ text: UnsafePointer<CChar>?, _ count: Int) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(
        start: text.map { UnsafeRawPointer($0).assumingMemoryBound(to: UInt8.self) }, count: count)
}
