import CMicroHTTPD

/// The body of many answers, such as a page that is the same for all: it is copied for none of them, so that clients
/// which do not read them hold no memory.
///
/// `@unchecked Sendable`: the bytes are written before anybody else has it, and never again.
package final class SharedBody: @unchecked Sendable {
    private let bytes: UnsafeMutableRawBufferPointer

    package init(_ text: String) {
        let text = Array(text.utf8)
        bytes = .allocate(byteCount: text.count, alignment: 1)
        bytes.copyBytes(from: text)
    }

    deinit { bytes.deallocate() }

    /// The response keeps the bytes for as long as libmicrohttpd has it.
    func response() -> OpaquePointer? {
        let holder = Unmanaged.passRetained(self)
        let response = shim_shared_response(
            bytes.baseAddress, bytes.count, { Unmanaged<SharedBody>.fromOpaque($0!).release() },
            holder.toOpaque())
        if response == nil { holder.release() }
        return response
    }
}
