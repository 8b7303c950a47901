/// A test has waited for something that did not come.
package struct TimedOut: Error, CustomStringConvertible {
    package let description: String

    package init(_ awaited: String) { description = "waited in vain for \(awaited)" }
}
