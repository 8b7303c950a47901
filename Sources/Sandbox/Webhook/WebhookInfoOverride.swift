/// What getWebhookInfo says instead of what it found, where something is given.
package struct WebhookInfoOverride: Sendable, Equatable {
    package var pendingUpdateCount: Int?
    /// Unix time.
    package var lastErrorDate: Int?
    package var lastErrorMessage: String?
    /// Unix time.
    package var lastSynchronizationErrorDate: Int?

    package init(
        pendingUpdateCount: Int? = nil, lastErrorDate: Int? = nil, lastErrorMessage: String? = nil,
        lastSynchronizationErrorDate: Int? = nil
    ) {
        self.pendingUpdateCount = pendingUpdateCount
        self.lastErrorDate = lastErrorDate
        self.lastErrorMessage = lastErrorMessage
        self.lastSynchronizationErrorDate = lastSynchronizationErrorDate
    }
}
