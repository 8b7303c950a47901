import CPostgres
import Glibc

/// Owns one PGconn in pipeline mode: libpq's calls in Swift's types, without any state of its own.
///
/// `@unchecked Sendable`: confined to the thread of the loop whose session owns it.
final class PostgresHandle: @unchecked Sendable {
    enum Handshake { case reading, writing, ready, failed(String) }
    enum Flush { case done, pending, failed }
    enum Next { case busy, endOfCommand, result(PostgresResult) }

    private let connection: OpaquePointer

    /// Begins to connect. Does not block unless a host name has to be looked up.
    init?(_ parameters: [(String, String)]) {
        var keywords = parameters.map { UnsafePointer(strdup($0.0)) }
        var values = parameters.map { UnsafePointer(strdup($0.1)) }
        defer { for pointer in keywords + values { free(UnsafeMutablePointer(mutating: pointer)) } }
        keywords.append(nil)
        values.append(nil)
        guard let connection = PQconnectStartParams(keywords, values, 0) else { return nil }
        self.connection = connection
        // Notices are not wanted; the default prints them.
        PQsetNoticeReceiver(connection, { _, _ in }, nil)
    }

    deinit { PQfinish(connection) }

    /// May change from one step of the handshake to the next.
    var socket: Int32 { PQsocket(connection) }

    var isBroken: Bool { PQstatus(connection) == CONNECTION_BAD }

    var isInsideTransaction: Bool {
        let status = PQtransactionStatus(connection)
        return status == PQTRANS_INTRANS || status == PQTRANS_INERROR
    }

    var errorMessage: String { String(cString: PQerrorMessage(connection)) }

    func continueHandshake() -> Handshake {
        switch PQconnectPoll(connection) {
        case PGRES_POLLING_READING: .reading
        case PGRES_POLLING_WRITING: .writing
        case PGRES_POLLING_OK where PQsetnonblocking(connection, 1) == 0 && PQenterPipelineMode(connection) == 1:
            .ready
        default: .failed(errorMessage)
        }
    }

    // MARK: Sending: false when the connection is broken

    func prepare(_ name: String, _ text: String, types: [UInt32]) -> Bool {
        PQsendPrepare(connection, name, text, Int32(types.count), types) == 1
    }

    func execute(prepared name: String, _ parameters: PostgresParameters) -> Bool {
        withPointers(to: parameters) { values, formats in
            PQsendQueryPrepared(
                connection, name, Int32(parameters.count), values, parameters.lengths, formats, 1) == 1
        }
    }

    func execute(_ text: String, _ parameters: PostgresParameters) -> Bool {
        withPointers(to: parameters) { values, formats in
            PQsendQueryParams(
                connection, text, Int32(parameters.count), parameters.types, values, parameters.lengths, formats, 1) == 1
        }
    }

    /// Ends an implicit transaction, and the reach of an error. Libpq pushes what it holds to the socket here.
    func sync() -> Bool { PQpipelineSync(connection) == 1 }

    func flush() -> Flush {
        switch PQflush(connection) {
        case 0: .done
        case 1: .pending
        default: .failed
        }
    }

    private func withPointers(
        to parameters: PostgresParameters, _ body: ([UnsafePointer<CChar>?], [Int32]) -> Bool
    ) -> Bool {
        parameters.bytes.withUnsafeBytes { bytes in
            let base = bytes.baseAddress!.assumingMemoryBound(to: CChar.self)
            let values = zip(parameters.offsets, parameters.lengths).map { offset, length in
                length < 0 ? nil : base + offset
            }
            return body(values, [Int32](repeating: 1, count: values.count))
        }
    }

    // MARK: Receiving

    /// Reads what has arrived.
    /// - Returns: false when the connection is broken; results read before may still be there.
    func consume() -> Bool { PQconsumeInput(connection) == 1 }

    func next() -> Next {
        guard PQisBusy(connection) == 0 else { return .busy }
        return PQgetResult(connection).map { .result(PostgresResult(owning: $0)) } ?? .endOfCommand
    }

    func nextNotification() -> PostgresNotification? {
        guard let notification = PQnotifies(connection) else { return nil }
        defer { PQfreemem(notification) }
        return PostgresNotification(
            channel: String(cString: notification.pointee.relname), payload: String(cString: notification.pointee.extra))
    }

    func canceller() -> PostgresCanceller? { PQgetCancel(connection).map(PostgresCanceller.init) }
}

/// What NOTIFY sent.
package struct PostgresNotification: Sendable, Equatable {
    package let channel: String
    package let payload: String
}

/// Asks the server, over a connection of its own, to stop what a session is running.
///
/// `@unchecked Sendable`: a PGcancel is not changed after it is made, and PQcancel may run on any thread.
final class PostgresCanceller: @unchecked Sendable {
    private let handle: OpaquePointer

    init(_ handle: OpaquePointer) { self.handle = handle }

    deinit { PQfreeCancel(handle) }

    /// Blocks until the server has taken the request.
    func cancel() {
        var message = [CChar](repeating: 0, count: 256)
        PQcancel(handle, &message, Int32(message.count))
    }
}
