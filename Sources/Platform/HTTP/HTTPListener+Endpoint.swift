extension HTTPListener {
    package convenience init(endpoint: Endpoint) throws {
        guard let address = IPAddress(endpoint.host) else {
            throw SystemError(call: "bind \(endpoint)", code: 22)
        }
        try self.init(address: address, port: Int(endpoint.port))
    }
}
