/// The open connections of one server, in no order, and how many each address has.
struct ConnectionList {
    private(set) var all: [HTTPConnection] = []
    private var countByAddress: [IPAddress: Int] = [:]

    func count(of address: IPAddress) -> Int { countByAddress[address, default: 0] }

    mutating func add(_ connection: HTTPConnection) {
        connection.slot = all.count
        all.append(connection)
        if connection.isCounted { countByAddress[connection.peer, default: 0] += 1 }
    }

    mutating func remove(_ connection: HTTPConnection) {
        let last = all.removeLast()
        if last !== connection {
            all[connection.slot] = last
            last.slot = connection.slot
        }
        guard connection.isCounted else { return }
        let left = count(of: connection.peer) - 1
        countByAddress[connection.peer] = left > 0 ? left : nil
    }
}
