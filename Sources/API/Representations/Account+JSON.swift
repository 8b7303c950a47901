import Auth
import Platform

extension Account: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object {
            $0.field("id", id)
            $0.field("email", email)
            $0.field("name", name)
        }
    }
}
