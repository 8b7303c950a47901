/// An update from getUpdates.
package struct ReceivedUpdate: Sendable, Equatable {
    package let updateID: Int64
    /// The update's JSON, Telegram's bytes unchanged.
    package let payload: [UInt8]
}

extension ReceivedUpdate {
    /// - Returns: nil when it has no number.
    init?(payload: [UInt8]) {
        let found: Int64? = payload.withUnsafeBufferPointer { buffer in
            var scanner = JSONScanner(buffer)
            guard scanner.take("{") else { return nil }
            repeat {
                guard let name = scanner.name() else { return nil }
                if scanner.equals(name, "update_id") { return scanner.integer() }
                guard scanner.skipValue() else { return nil }
            } while scanner.take(",")
            return nil
        }
        guard let found else { return nil }
        self.init(updateID: found, payload: payload)
    }
}
