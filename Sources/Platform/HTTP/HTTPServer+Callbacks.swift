import CMicroHTTPD
import Glibc

/// What libmicrohttpd calls, all on the loop's thread, from within `MHD_run` and `MHD_stop_daemon`.
extension HTTPServer {
    func callbacks(_ context: UnsafeMutableRawPointer, _ socket: Int32) -> shim_daemon_options {
        var options = shim_daemon_options()
        options.context = context
        options.listen_socket = socket
        options.connection_limit = UInt32(limits.connections)
        // Beside the head: libmicrohttpd's list of its fields, and the head of the answer.
        options.memory_limit = limits.head + 8 * 1024
        options.accept = { context, address, _ in
            guard let address, let peer = IPAddress(address) else { return .NO }
            return HTTPServer.from(context).mayConnect(peer) ? .YES : .NO
        }
        options.connection_changed = { context, handle, socketContext, change in
            let server = HTTPServer.from(context)
            guard let handle, let socketContext else { return }
            if shim_is_opened(change) != 0 {
                socketContext.pointee = Unmanaged.passRetained(server.opened(handle)).toOpaque()
            } else if let pointer = socketContext.pointee {
                socketContext.pointee = nil
                server.closed(Unmanaged<HTTPConnection>.fromOpaque(pointer).takeRetainedValue())
            }
        }
        options.request_started = { context, target, handle in
            guard let target, let pointer = shim_socket_context(handle) else { return nil }
            let connection = Unmanaged<HTTPConnection>.fromOpaque(pointer).takeUnretainedValue()
            return Unmanaged.passRetained(HTTPServer.from(context).started(connection, target)).toOpaque()
        }
        options.handle = { context, _, _, method, version, data, size, exchange in
            guard let method, let version, let size, let pointer = exchange?.pointee else { return .NO }
            let exchange = Unmanaged<HTTPExchange>.fromOpaque(pointer).takeUnretainedValue()
            let server = HTTPServer.from(context)
            switch exchange.stage {
            case .head: return server.headArrived(exchange, method, version) ? .YES : .NO
            case .body where size.pointee > 0:
                let bytes = UnsafeRawBufferPointer(start: data, count: size.pointee)
                size.pointee = 0
                return server.bodyArrived(exchange, bytes) ? .YES : .NO
            case .body: return server.requestArrived(exchange) ? .YES : .NO
            case .handling: return .YES
            case .answered(let response): return server.queue(response, for: exchange) ? .YES : .NO
            case .done: return .NO
            }
        }
        options.request_completed = { context, _, exchange, _ in
            guard let pointer = exchange?.pointee else { return }
            exchange?.pointee = nil
            HTTPServer.from(context).completed(
                Unmanaged<HTTPExchange>.fromOpaque(pointer).takeRetainedValue())
        }
        options.log = { context, message in
            guard let message else { return }
            HTTPServer.from(context).logger.debug("libmicrohttpd", ["detail": String(cString: message)])
        }
        return options
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> HTTPServer {
        Unmanaged<HTTPServer>.fromOpaque(context!).takeUnretainedValue()
    }
}
