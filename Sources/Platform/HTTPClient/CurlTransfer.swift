import CCurl
import CLinux
import Glibc

/// A libcurl easy handle with what it receives. Used for one request after another, which saves its set-up.
///
/// Confined to the thread of the loop that the client belongs to.
final class CurlTransfer {
    let handle: UnsafeMutableRawPointer
    private let addressGuard: AddressGuard
    private let limits: HTTPClientLimits
    private let errorText: UnsafeMutablePointer<CChar>
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private var nameList: UnsafeMutablePointer<curl_slist>?
    /// What libcurl sends from, and after a dead connection once more: it makes no copy. Shared with the request and
    /// changed by nobody, so that its bytes stay where they are until the handle has forgotten them.
    private var body: [UInt8] = []
    private(set) var received: ReceivedAnswer
    private(set) var refusedAddress: IPAddress?

    /// - Returns: nil when libcurl is out of memory.
    init?(addressGuard: AddressGuard, limits: HTTPClientLimits) {
        guard let handle = curl_easy_init() else { return nil }
        self.handle = handle
        self.addressGuard = addressGuard
        self.limits = limits
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        received = ReceivedAnswer(bodyLimit: 0, headerLimit: 0)
    }

    deinit {
        withExtendedLifetime(body) { curl_easy_cleanup(handle) }
        curl_slist_free_all(headerList)
        curl_slist_free_all(nameList)
        errorText.deallocate()
    }

    /// Forgets the request and the answer; connections and look-ups stay with the multi handle.
    func reset() {
        withExtendedLifetime(body) { curl_easy_reset(handle) }
        body = []
        curl_slist_free_all(headerList)
        headerList = nil
        curl_slist_free_all(nameList)
        nameList = nil
        refusedAddress = nil
        errorText[0] = 0
        received = ReceivedAnswer(bodyLimit: 0, headerLimit: 0)
    }

    /// libcurl's explanation of the last failure, which names hosts and addresses but no path.
    func explanation(of code: CURLcode) -> String {
        errorText[0] == 0 ? String(cString: curl_easy_strerror(code)) : String(cString: errorText)
    }

    var version: HTTPClientResponse.Version {
        shim_easy_http_version(handle) >= Int(CURL_HTTP_VERSION_2_0) ? .http2 : .http1
    }

    // MARK: Set-up

    func prepare(_ request: HTTPClientRequest, to origin: Origin, settings: HTTPClientSettings) {
        received = ReceivedAnswer(
            bodyLimit: request.responseLimit, dataLimit: request.dataLimit,
            headerLimit: limits.responseHeaders)
        restrict()
        set(CURLOPT_URL, request.url)
        set(CURLOPT_USERAGENT, settings.userAgent)
        if let file = settings.authorityFile { set(CURLOPT_CAINFO, file) }
        set(CURLOPT_CONNECTTIMEOUT_MS, Int(clamping: max(1, request.connectTimeout.milliseconds)))
        set(CURLOPT_BUFFERSIZE, limits.readBuffer)
        // Without TLS no server says that it has HTTP/2, and the wait would be for a whole answer.
        if limits.sharesConnections && request.url.hasPrefix("https:") { set(CURLOPT_PIPEWAIT, 1) }
        setMethod(request)
        setHeaders(request)
        if let addresses = settings.names?(origin.host) { setAddresses(addresses, of: origin) }
        receive()
    }

    /// `+`: they are forgotten as looked up ones are.
    private func setAddresses(_ addresses: [IPAddress], of origin: Origin) {
        let list = addresses.map { $0.isIPv4 ? "\($0)" : "[\($0)]" }.joined(separator: ",")
        nameList = curl_slist_append(nil, "+\(origin.host):\(origin.port):\(list)")
        shim_easy_set_pointer(handle, CURLOPT_RESOLVE, nameList)
    }

    /// What holds for every request, whoever wrote it.
    private func restrict() {
        set(CURLOPT_NOSIGNAL, 1)
        // Or else ending a request early waits for its name look-up, on the loop's thread.
        set(CURLOPT_QUICK_EXIT, 1)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        set(CURLOPT_SSL_VERIFYPEER, 1)
        set(CURLOPT_SSL_VERIFYHOST, 2)
        set(CURLOPT_FOLLOWLOCATION, 0)
        set(CURLOPT_PROXY, "")
        set(CURLOPT_NETRC, 0)
        set(CURLOPT_TCP_KEEPALIVE, 1)
    }

    private func setMethod(_ request: HTTPClientRequest) {
        switch request.method {
        case "GET" where request.body.isEmpty: set(CURLOPT_HTTPGET, 1)
        case "HEAD": set(CURLOPT_NOBODY, 1)
        default:
            let hasBody = !request.body.isEmpty || ["POST", "PUT", "PATCH"].contains(request.method)
            if hasBody {
                shim_easy_set_size(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count))
                if request.body.isEmpty {
                    set(CURLOPT_COPYPOSTFIELDS, "")
                } else {
                    body = request.body
                    _ = body.withUnsafeBytes {
                        shim_easy_set_pointer(handle, CURLOPT_POSTFIELDS, $0.baseAddress)
                    }
                }
            }
            if request.method != "POST" { set(CURLOPT_CUSTOMREQUEST, request.method) }
        }
    }

    private func setHeaders(_ request: HTTPClientRequest) {
        for (name, value) in request.headers {
            // libcurl reads "Name:" as "leave this header out" and "Name;" as "send it empty".
            append(header: value.isEmpty ? "\(name);" : "\(name): \(value)")
        }
        append(header: "Expect:")
        if !request.headers.contains(where: { $0.0.lowercased() == "content-type" }) {
            append(header: "Content-Type:")
        }
        shim_easy_set_pointer(handle, CURLOPT_HTTPHEADER, headerList)
    }

    private func append(header: String) {
        if let longer = curl_slist_append(headerList, header) { headerList = longer }
    }

    private func set(_ option: CURLoption, _ value: Int) { shim_easy_set_long(handle, option, value) }

    private func set(_ option: CURLoption, _ value: String) {
        _ = value.withCString { shim_easy_set_pointer(handle, option, $0) }
    }

    // MARK: What libcurl calls

    private func receive() {
        let context = Unmanaged.passUnretained(self).toOpaque()
        shim_easy_set_pointer(handle, CURLOPT_ERRORBUFFER, errorText)
        shim_easy_set_pointer(handle, CURLOPT_HEADERDATA, context)
        shim_easy_set_receiver(handle, CURLOPT_HEADERFUNCTION) { bytes, _, count, context in
            let line = UnsafeRawBufferPointer(start: bytes, count: count)
            return CurlTransfer.of(context).received.takeHeaderLine(line) ? count : 0
        }
        shim_easy_set_pointer(handle, CURLOPT_WRITEDATA, context)
        shim_easy_set_receiver(handle, CURLOPT_WRITEFUNCTION) { bytes, _, count, context in
            let part = UnsafeRawBufferPointer(start: bytes, count: count)
            return CurlTransfer.of(context).received.takeBody(part) ? count : 0
        }
        shim_easy_set_pointer(handle, CURLOPT_OPENSOCKETDATA, context)
        shim_easy_set_open_socket(handle) { context, _, address in
            guard let address else { return CURL_SOCKET_BAD }
            return CurlTransfer.of(context).openSocket(address)
        }
    }

    private static func of(_ context: UnsafeMutableRawPointer?) -> CurlTransfer {
        Unmanaged<CurlTransfer>.fromOpaque(context!).takeUnretainedValue()
    }

    /// The one place where a connection begins: here the guard sees the address that will really be used.
    private func openSocket(_ address: UnsafeMutablePointer<curl_sockaddr>) -> curl_socket_t {
        let offset = MemoryLayout<curl_sockaddr>.offset(of: \.addr)!
        let socketAddress = (UnsafeRawPointer(address) + offset).assumingMemoryBound(to: sockaddr.self)
        guard let target = IPAddress(socketAddress) else { return CURL_SOCKET_BAD }
        guard !addressGuard.refuses(target) else {
            refusedAddress = target
            return CURL_SOCKET_BAD
        }
        let type = address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue)
        return socket(address.pointee.family, type, address.pointee.protocol)
    }
}
