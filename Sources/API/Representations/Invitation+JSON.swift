import Platform
import Tenancy

extension Invitation: JSONWritable {
    package func write(to json: inout JSONWriter) { json.object(members) }

    fileprivate func members(_ json: inout JSONWriter) {
        json.field("id", id)
        json.field("email", email)
        json.field("role", role.rawValue)
        json.field("invited_by", invitedBy.isEmpty ? nil : invitedBy)
        json.field("expires_at", expiresAt)
        json.field("accepted_at", acceptedAt)
        json.field("created_at", createdAt)
        json.field("updated_at", updatedAt)
    }
}

/// An invitation with its token, which is shown in the answer to its making and never again.
struct InvitationLink: JSONWritable {
    let invitation: Invitation
    let token: String
    let url: String

    func write(to json: inout JSONWriter) {
        json.object {
            $0.field("id", invitation.id)
            members(&$0)
            $0.field("expires_at", invitation.expiresAt)
        }
    }

    /// The invitation's own members, and the link in both forms: beside them, and as in the answer for a new tenant.
    var withInvitation: JSONBytes {
        var json = JSONWriter()
        json.object {
            invitation.members(&$0)
            members(&$0)
            $0.field("invitation", self)
        }
        return JSONBytes(json.bytes)
    }

    private func members(_ json: inout JSONWriter) {
        json.field("token", token)
        json.field("url", url)
    }
}
