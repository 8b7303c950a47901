import FoundationEssentials
import Platform
import Tenancy

extension AccessTokens {
    /// The token is not one of ours, or not valid (any more, or yet). Clients learn nothing more.
    enum Invalid: Error {
        case token
        /// Which this node may only not have heard of.
        case unknownKey
    }

    private static let longest = 4096
    /// What the clocks of nodes and database may differ by. What is expired is expired, though.
    private static let leeway = Duration.seconds(5)

    /// Believes a token only when it is in the one form in which they are issued:
    ///
    /// - at most 4096 bytes, three parts in base64url, unpadded and canonical (RFC 7515 section 2),
    /// - the header names `alg` ES256, `typ` at+jwt and a `kid` known to this node, and nothing else: no key or
    ///   address of one is taken from a token, no extension (`crit`) is understood,
    /// - the signature is that key's, 64 bytes, in the canonical one of its two forms,
    /// - JSON names come once; iss and aud are ours; exp is ahead; iat and nbf are not.
    ///
    /// - Throws: `Invalid`; `NoKey` until the keys are loaded.
    func verified(_ token: String, at now: Timestamp) throws -> Credential {
        let text = token.utf8
        guard text.count <= Self.longest else { throw Invalid.token }
        let parts = text.split(separator: UInt8(ascii: "."), maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Self.object(parts[0]) else { throw Invalid.token }
        let key = try self.key(of: header, at: now)
        guard let signature = Base64.decode(Substring(parts[2]), .urlSafe),
            P256.isCanonical(signature),
            key.key.publicKey.verify(signature, of: text[..<parts[1].endIndex]),
            let claims = Self.object(parts[1]), let credential = credential(claims, at: now)
        else { throw Invalid.token }
        return credential
    }

    private func key(of header: [String: JSONValue], at now: Timestamp) throws -> SigningKey {
        guard header.count == 3, header["alg"] == .string("ES256"), case .string(let type)? = header["typ"],
            ["at+jwt", "application/at+jwt"].contains(type.lowercased()),
            case .string(let id)? = header["kid"]
        else { throw Invalid.token }
        guard let key = try keys.verifying(id, at: now) else { throw Invalid.unknownKey }
        return key
    }

    private static func object(_ part: Substring.UTF8View) -> [String: JSONValue]? {
        guard let bytes = Base64.decode(Substring(part), .urlSafe),
            case .object(let members)? = try? JSONValue(parsing: bytes)
        else { return nil }
        return Dictionary(uniqueKeysWithValues: members.map { ($0.name, $0.value) })
    }

    private func credential(_ claims: [String: JSONValue], at now: Timestamp) -> Credential? {
        func text(_ name: String) -> String? {
            if case .string(let text)? = claims[name] { text } else { nil }
        }
        func seconds(_ name: String) -> Int64? {
            if case .number(let text)? = claims[name] { Int64(text) } else { nil }
        }
        let soon = (now + Self.leeway).secondsSince1970
        guard text("iss") == issuer, text("aud") == Self.audience,
            let issuedAt = seconds("iat"), (0...soon).contains(issuedAt),
            let expiresAt = seconds("exp"), expiresAt > now.secondsSince1970,
            expiresAt - issuedAt <= Int64(Self.lifetime.seconds),
            claims["nbf"] == nil || seconds("nbf").map({ $0 <= soon }) ?? false,
            let moment = text("jti").flatMap(UUID.init(uuidString:))?.version7Time,
            moment.secondsSince1970 == issuedAt,
            let account = text("account").flatMap({ ID<Account>($0) }),
            let session = text("sid").flatMap({ ID<Session>($0) }), let subject = text("sub"),
            let caller = caller(subject, account, session, tenant: claims["tid"], role: claims["role"])
        else { return nil }
        return Credential(
            caller: caller, issuedAt: moment,
            expiresAt: Timestamp(microsecondsSince1970: expiresAt * 1_000_000))
    }

    private func caller(
        _ subject: String, _ account: ID<Account>, _ session: ID<Session>, tenant: JSONValue?,
        role: JSONValue?
    ) -> Caller? {
        if tenant == nil, role == nil, ID<Account>(subject) == account {
            return Caller(
                .platformAdmin(account), session: session, permissions: Set(Permission.allCases))
        }
        guard case .string(let tenant)? = tenant, let tenant = ID<Tenant>(tenant),
            case .string(let role)? = role, let role = Role(rawValue: role),
            let admin = ID<Admin>(subject)
        else { return nil }
        return Caller(
            .admin(admin, account: account), session: session, tenant: tenant, role: role,
            permissions: role.permissions)
    }
}
