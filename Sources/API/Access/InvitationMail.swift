import Platform
import Tenancy

/// How invitations reach people: as a link, which the inviter always gets, and by e-mail when there is a mail server.
struct InvitationMail: Sendable {
    /// Where people reach this installation, without a slash at the end.
    let baseURL: String
    let outbox: MailOutbox?

    func link(_ invitation: Invitation, _ token: String) -> InvitationLink {
        InvitationLink(invitation: invitation, token: token, url: "\(baseURL)/invitations/\(token)")
    }

    /// After the commit: nobody is invited to what does not exist. Waits for nothing.
    func send(_ link: InvitationLink, into tenantName: String) {
        let invitation = link.invitation
        let letter = MailMessage(
            to: invitation.email, subject: "You are invited to \(tenantName)",
            text: """
                You are invited to \(tenantName) as \(invitation.role.rawValue).

                To accept, open this link before \(invitation.expiresAt):

                \(link.url)

                It works once. If you did not expect this letter, leave it alone.

                """)
        if let letter { outbox?.send(letter) }
    }
}
