/// Why the control side refuses.
package enum SandboxError: Error, Equatable {
    case noSuchBot
    /// A bot of this number is there with another token.
    case botExists
    case tooManyBots
    case tooManyPendingUpdates
    /// - field: a JSON Pointer without its slash; empty for the whole body.
    case invalid(field: String, String)
    case stopped
}
