import Auth
import Platform
import Tenancy

/// `/v1/invitations`: open doors into the tenant.
struct Invitations: Sendable {
    let mail: InvitationMail

    @Sendable func create(_ call: Call) async throws -> HTTPResponse {
        let new = try call.body(NewInvitation.init)
        if let lacking = call.caller.permissionLacking(toGrant: new.role) {
            try await call.refuse(lacking.rawValue)
        }
        var sent: (link: InvitationLink, tenant: String)?
        let response = try await call.write { tx in
            guard let tenant = try await Tenant.current(in: tx) else { throw Problem.notFound }
            if try await Admin.exists(email: new.email, in: tx) {
                throw Problem(409, "already_admin", "Somebody with this e-mail is an admin here already")
            }
            let (invitation, token) = try await Invitation.create(
                email: new.email, role: new.role, into: tenant.id, by: call.caller.name, in: tx)
            try await call.record(.created(invitation), in: tx)
            let link = mail.link(invitation, token)
            sent = (link, tenant.name)
            return .created(
                link.withInvitation, at: "/v1/invitations/\(invitation.id)",
                ETag(invitation.id, invitation.updatedAt))
        }
        if let sent { mail.send(sent.link, into: sent.tenant) }
        return response
    }

    @Sendable func list(_ call: Call) async throws -> HTTPResponse {
        try await call.page(Invitation.list(after:limit:in:), id: \.id)
    }

    @Sendable func show(_ call: Call) async throws -> HTTPResponse {
        let id = try call.id("invitation_id", of: Invitation.self)
        let invitation = try await call.found { tx in try await Invitation.find(id, in: tx) }
        return .resource(invitation, ETag(invitation.id, invitation.updatedAt), for: call.request)
    }

    @Sendable func delete(_ call: Call) async throws -> HTTPResponse {
        let id = try call.id("invitation_id", of: Invitation.self)
        return try await call.write { tx in
            // Compared with what was deleted; an error takes the deleting back.
            guard let invitation = try await Invitation.delete(id, in: tx) else { throw Problem.notFound }
            try ETag(invitation.id, invitation.updatedAt).requireMatch(call.request)
            try await call.record(.deleted(invitation), in: tx)
            return .noContent
        }
    }
}

private struct NewInvitation {
    let email: String
    let role: Role

    init?(_ body: inout RequestBody) {
        let email = body.required("email", .email)
        let role: Role? = body.required("role", .choice)
        guard let email, let role else { return nil }
        self.email = email
        self.role = role
    }
}
