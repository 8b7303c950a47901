import Platform
import Tenancy

extension RetentionDays {
    /// A wrong value is the reader's to tell; the standard one stands in.
    init(_ reader: inout SettingsReader) {
        func days(_ name: String, _ standard: Int) -> Int {
            reader.read(name, default: "\(standard)", expected: "a number of days from 1 to 3650") {
                Int($0).flatMap { (1...3650).contains($0) ? $0 : nil }
            } ?? standard
        }
        self.init(
            log: days("ROOKERY_LOG_RETENTION_DAYS", 7), attempts: days("ROOKERY_ATTEMPT_RETENTION_DAYS", 7),
            deadLetters: days("ROOKERY_DEAD_LETTER_RETENTION_DAYS", 30))
    }
}
