import CCurl

/// A libcurl multi handle driven by an event loop: libcurl says which sockets and which timer it waits for, the
/// loop says when they are due.
///
/// libcurl calls back from within `add`, `remove` and `act`. The callbacks only note what to watch; what has
/// finished is collected after the call has returned, so nothing enters libcurl from within libcurl.
///
/// Confined to the loop's thread.
final class CurlMulti {
    private let loop: EventLoop
    private let handle: UnsafeMutableRawPointer
    private let finished: (CurlTransfer, CURLcode) -> Void
    private var transfers: [UnsafeMutableRawPointer: CurlTransfer] = [:]
    private var timer: TimerQueue.Token?
    private var isKickDue = false
    private var isClosed = false

    /// - Parameter finished: called for each transfer that ended by itself, already removed.
    init(
        loop: EventLoop, limits: HTTPClientLimits, finished: @escaping (CurlTransfer, CURLcode) -> Void
    ) throws(HTTPClientError) {
        guard CurlLibrary.isReady, let handle = curl_multi_init() else {
            throw .connectFailed("libcurl does not start")
        }
        self.loop = loop
        self.handle = handle
        self.finished = finished
        shim_multi_set_long(handle, CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
        // At most `concurrent` connections are in use, so at this limit an idle one can always be closed.
        shim_multi_set_long(handle, CURLMOPT_MAX_TOTAL_CONNECTIONS, limits.concurrent)
        shim_multi_set_long(handle, CURLMOPT_MAXCONNECTS, min(limits.idleConnections, limits.concurrent))
        let context = Unmanaged.passUnretained(self).toOpaque()
        shim_multi_set_socket(
            handle,
            { _, socket, wanted, context, _ in
                CurlMulti.of(context).watch(socket, wanted)
                return 0
            }, context)
        shim_multi_set_timer(
            handle,
            { _, milliseconds, context in
                CurlMulti.of(context).setTimer(milliseconds)
                return 0
            }, context)
    }

    /// Without `close` no transfer and no watched socket is left, and the thread may be any.
    deinit {
        guard !isClosed else { return }
        shim_multi_set_socket(handle, nil, nil)
        shim_multi_set_timer(handle, nil, nil)
        curl_multi_cleanup(handle)
    }

    func add(_ transfer: CurlTransfer) {
        guard curl_multi_add_handle(handle, transfer.handle) == CURLM_OK else {
            return finished(transfer, CURLE_OUT_OF_MEMORY)
        }
        transfers[transfer.handle] = transfer
    }

    /// Ends a transfer early; `finished` is not called. Its connection is closed unless it is shared (HTTP/2).
    func remove(_ transfer: CurlTransfer) {
        guard transfers.removeValue(forKey: transfer.handle) != nil else { return }
        curl_multi_remove_handle(handle, transfer.handle)
    }

    /// Drops all transfers and closes all connections.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        for transfer in transfers.values { curl_multi_remove_handle(handle, transfer.handle) }
        transfers = [:]
        shim_multi_set_timer(handle, nil, nil)
        if let timer { loop.cancel(timer) }
        // Still with the socket callback, so that what libcurl closes is no longer watched.
        curl_multi_cleanup(handle)
    }

    // MARK: What libcurl calls

    private static func of(_ context: UnsafeMutableRawPointer?) -> CurlMulti {
        Unmanaged<CurlMulti>.fromOpaque(context!).takeUnretainedValue()
    }

    private func watch(_ socket: curl_socket_t, _ wanted: Int32) {
        let interest: Poller.Events
        switch wanted {
        case CURL_POLL_IN: interest = .readable
        case CURL_POLL_OUT: interest = .writable
        case CURL_POLL_INOUT: interest = [.readable, .writable]
        default: return loop.unwatch(socket)
        }
        let handler: (Poller.Events) -> Void = { [weak self] events in
            var ready: Int32 = 0
            if events.contains(.readable) { ready |= CURL_CSELECT_IN }
            if events.contains(.writable) { ready |= CURL_CSELECT_OUT }
            self?.act(socket, ready)
        }
        // A descriptor that cannot be watched makes its transfer time out.
        try? loop.watch(socket, interest, handler)
    }

    /// - Parameter milliseconds: -1 for none. 0 means soon: libcurl must not be entered from here.
    private func setTimer(_ milliseconds: Int) {
        if let timer { loop.cancel(timer) }
        timer = nil
        if milliseconds == 0 {
            kick()
        } else if milliseconds > 0 {
            timer = loop.schedule(after: .milliseconds(milliseconds)) { [weak self] in
                self?.timer = nil
                self?.act(CURL_SOCKET_TIMEOUT, 0)
            }
        }
    }

    /// One call for all transfers that the jobs of this pass have added.
    private func kick() {
        guard !isKickDue else { return }
        isKickDue = true
        loop.afterJobs { [self] in
            isKickDue = false
            act(CURL_SOCKET_TIMEOUT, 0)
        }
    }

    // MARK: Driving

    private func act(_ socket: curl_socket_t, _ ready: Int32) {
        guard !isClosed else { return }
        var running: Int32 = 0
        curl_multi_socket_action(handle, socket, ready, &running)
        collect()
    }

    private func collect() {
        var left: Int32 = 0
        while !isClosed, let message = curl_multi_info_read(handle, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle else {
                continue
            }
            let code = message.pointee.data.result
            guard let transfer = transfers.removeValue(forKey: easy) else { continue }
            curl_multi_remove_handle(handle, easy)
            finished(transfer, code)
        }
    }
}
