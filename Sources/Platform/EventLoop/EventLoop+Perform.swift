extension EventLoop {
    /// At once when called on this loop, else in its next pass.
    func perform(_ action: @escaping @Sendable () -> Void) {
        if isCurrent { action() } else { execute(action) }
    }
}
