import Platform
import Tenancy

/// Something that a tenant's owners should look at.
struct OwnerAlarm: Sendable {
    let tenant: ID<Tenant>
    let subject: String
    /// What it is about, by name and id.
    let topic: String
    let text: String
}

/// Letters to the owners of a tenant, and to its contact address. Whoever raises an alarm does not wait; of very many
/// at once some are dropped, which the audit trail and the state of bots and consumers still show.
struct OwnerAlarms: Sendable {
    private static let waiting = 1000

    private let database: Database
    private let outbox: MailOutbox?
    private let logger: Logger
    private let alarms: AsyncStream<OwnerAlarm>
    private let slot: AsyncStream<OwnerAlarm>.Continuation

    /// - Parameters:
    ///   - database: of the loop that `run` is called on.
    ///   - outbox: nil where no mail is sent.
    init(database: Database, outbox: MailOutbox?, logger: Logger) {
        self.database = database
        self.outbox = outbox
        self.logger = logger
        (alarms, slot) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.waiting))
    }

    /// From any thread.
    func raise(_ alarm: OwnerAlarm) {
        guard outbox != nil else { return }
        if case .dropped = slot.yield(alarm) {
            logger.error("an alarm was dropped: too many are waiting", ["about": "\(alarm.topic)"])
        }
    }

    /// Runs until the task is cancelled.
    func run() async {
        for await alarm in alarms {
            do {
                try await send(alarm)
            } catch {
                if Task.isCancelled { return }
                logger.warning(
                    "an alarm could not be sent", ["tenant": "\(alarm.tenant)", "error": "\(error)"])
            }
        }
    }

    private func send(_ alarm: OwnerAlarm) async throws {
        let (owners, tenant) = try await database.read(alarm.tenant) { tx in
            (try await Admin.ownerEmails(in: tx), try await Tenant.current(in: tx))
        }
        guard let tenant else { return }
        var recipients = owners
        if let contact = tenant.settings.contactEmail, !owners.contains(contact) {
            recipients.append(contact)
        }
        for recipient in recipients {
            let letter = MailMessage(
                to: recipient, subject: alarm.subject,
                text: """
                    \(alarm.topic) of \(tenant.name):

                    \(alarm.text)

                    """)
            if let letter { outbox?.send(letter) }
        }
    }
}
