import Glibc

/// Small text files, read and written whole. Blocks.
enum FileText {
    static func read(_ path: String) throws -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError.last("open \(path)") }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            guard count >= 0 else { throw SystemError.last("read \(path)") }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(contentsOf: chunk[..<count])
        }
    }

    /// - Throws: `SystemError` with EEXIST when the file is there.
    static func create(_ path: String, _ text: String, mode: mode_t = 0o644) throws {
        try write(path, text, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    }

    static func replace(_ path: String, _ text: String, mode: mode_t = 0o644) throws {
        try write(path, text, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
    }

    private static func write(_ path: String, _ text: String, _ flags: Int32, _ mode: mode_t) throws {
        let descriptor = open(path, flags, mode)
        guard descriptor >= 0 else { throw SystemError.last("open \(path)") }
        defer { close(descriptor) }
        var text = text
        try text.withUTF8 { bytes in
            var written = 0
            while written < bytes.count {
                let count = Glibc.write(descriptor, bytes.baseAddress! + written, bytes.count - written)
                guard count > 0 else { throw SystemError.last("write \(path)") }
                written += count
            }
        }
    }
}
