import CPostgres

/// Where the server is and as whom to connect: a libpq connection URL and what this program adds to it.
package struct PostgresConfiguration: Sendable {
    /// What is wrong with a URL. Holds no part of it.
    package struct Invalid: Error, CustomStringConvertible {
        package let description: String
    }

    /// libpq's connection keywords (PostgreSQL manual, 34.1.2).
    private var keywords: [String: String]
    /// Taken on by the session at its start, as SET ROLE would.
    package var role: String?
    package var applicationName = "rookery"
    /// Nil leaves it to the server.
    package var statementTimeout: Duration? = .seconds(10)
    package var connectTimeout: Duration = .seconds(5)

    /// - Parameter url: `postgresql://user:password@host:port/database?…`, or libpq's `key=value` form.
    package init(url: String) throws {
        var message: UnsafeMutablePointer<CChar>?
        guard url.contains("://") || url.contains("="), let options = PQconninfoParse(url, &message) else {
            if let message { PQfreemem(message) }
            throw Invalid(
                description: "not a PostgreSQL connection URL (postgresql://user@host:port/database)")
        }
        defer { PQconninfoFree(options) }
        var found: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { found[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        keywords = found
    }

    package var database: String? {
        get { keywords["dbname"] }
        set { keywords["dbname"] = newValue }
    }
    package var user: String? {
        get { keywords["user"] }
        set { keywords["user"] = newValue }
    }
    package var password: String? { keywords["password"] }
    package var host: String? { keywords["host"] }

    /// The host when it is a name that must be looked up; nil for literal addresses and socket folders.
    var nameToResolve: String? {
        guard let host, keywords["hostaddr"] == nil, !host.isEmpty, !host.hasPrefix("/"),
            !host.hasPrefix("@"),
            !host.contains(","), IPAddress(host) == nil
        else { return nil }
        return host
    }

    /// Keywords and values for PQconnectStartParams.
    /// - Parameter addresses: of `nameToResolve`; each is tried in turn.
    func parameters(addresses: [String] = []) -> [(String, String)] {
        var all = keywords
        all["application_name"] = applicationName
        all["client_encoding"] = "UTF8"
        all["options"] = ((keywords["options"].map { [$0] } ?? []) + options).joined(separator: " ")
        let defaults = [
            "gssencmode": "disable", "keepalives_idle": "10", "keepalives_interval": "5",
            "keepalives_count": "3",
            "tcp_user_timeout": "15000",
        ]
        all.merge(defaults) { given, _ in given }
        if let host = keywords["host"], !addresses.isEmpty {
            all["hostaddr"] = addresses.joined(separator: ",")
            all["host"] = addresses.map { _ in host }.joined(separator: ",")
            if let port = keywords["port"] {
                all["port"] = addresses.map { _ in port }.joined(separator: ",")
            }
        }
        return all.map { ($0.key, $0.value) }
    }

    private var options: [String] {
        var settings = [
            "TimeZone=UTC", "client_min_messages=error", "idle_in_transaction_session_timeout=60000",
        ]
        if let role { settings.append("role=\(role)") }
        if let statementTimeout { settings.append("statement_timeout=\(statementTimeout.milliseconds)") }
        return settings.map { setting in
            "-c " + setting.replacing("\\", with: "\\\\").replacing(" ", with: "\\ ")
        }
    }
}
