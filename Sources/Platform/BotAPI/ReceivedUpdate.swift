/// An update from getUpdates.
package struct ReceivedUpdate: Sendable, Equatable {
    package let updateID: Int64
    /// The update's JSON, Telegram's bytes unchanged.
    package let payload: [UInt8]
}
