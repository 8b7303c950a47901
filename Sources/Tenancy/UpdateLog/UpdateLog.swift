import Platform

/// The table update_log: every update of every bot, append-only. What is asked of it is in the extensions, a
/// topic a file.
package enum UpdateLog {}
