import Auth

extension Fixture {
    package var trail: AuditTrail { AuditTrail(database: database, box: box) }
}
