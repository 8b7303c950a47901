/// One request on its way: waiting for a place, under way, or finished.
///
/// `@unchecked Sendable`: confined to the loop's thread.
final class HTTPClientExchange: @unchecked Sendable {
    typealias Outcome = Result<HTTPClientResponse, HTTPClientError>
    typealias Continuation = CheckedContinuation<Outcome, Never>

    let request: HTTPClientRequest
    let claim: AdmissionQueue<HTTPClientExchange>.Claim
    var startedAt = ContinuousClock.now
    var timer: TimerQueue.Token?
    var transfer: CurlTransfer?
    var continuation: Continuation?
    private(set) var isFinished = false
    var origin: Origin { claim.origin }

    init(_ request: HTTPClientRequest, origin: Origin) {
        self.request = request
        claim = AdmissionQueue.Claim(party: request.party, origin: origin)
    }

    func finish(_ outcome: Outcome, _ loop: EventLoop) {
        guard !isFinished else { return }
        isFinished = true
        if let timer { loop.cancel(timer) }
        continuation?.resume(returning: outcome)
        continuation = nil
    }
}
