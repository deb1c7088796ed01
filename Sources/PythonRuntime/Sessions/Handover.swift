/// A result on its way from the session's thread to the caller.
@usableFromInline
final class Handover<Value>: @unchecked Sendable {
  // Sendable: written before the ticket is over, and read after it without a failure. What is written
  // when the session was given up is read by nobody.
  @usableFromInline var value: Value?

  @inlinable init() {}

  /// The result of work that did not fail.
  @inlinable var taken: Value {
    guard let value else { preconditionFailure("work without failure has a result") }
    return value
  }
}
