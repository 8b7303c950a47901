import Glibc

/// A failed call into the operating system.
package struct SystemError: Error, CustomStringConvertible {
    package let call: String
    /// errno.
    package let code: Int32

    package init(call: String, code: Int32) {
        self.call = call
        self.code = code
    }

    /// The failure errno tells of now; ask right after the call.
    package static func last(_ call: String) -> SystemError { SystemError(call: call, code: errno) }

    package var description: String { "\(call): \(String(cString: strerror(code)))" }
}
