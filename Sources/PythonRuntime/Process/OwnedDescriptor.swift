import CInterpreter
import Glibc

/// A file descriptor that is closed with its last reference.
final class OwnedDescriptor: Sendable {
  let number: Int32

  init(_ number: Int32) { self.number = number }

  deinit { close(number) }

  /// Both ends of a stream between processes.
  static func socketPair() throws -> (OwnedDescriptor, OwnedDescriptor) {
    var pair: [Int32] = [-1, -1]
    // SAFETY: the array has room for the two descriptors.
    guard
      socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &pair) == 0
    else { throw resourceUnavailable("A connection to a worker", errno) }
    return (OwnedDescriptor(pair[0]), OwnedDescriptor(pair[1]))
  }

  /// The ends of a pipe, of which the reading one does not block.
  static func pipe() throws -> (reading: OwnedDescriptor, writing: OwnedDescriptor) {
    var reading: Int32 = -1
    var writing: Int32 = -1
    let error = ds_pipe_create(&reading, &writing)
    guard error == 0 else { throw resourceUnavailable("A pipe", error) }
    return (OwnedDescriptor(reading), OwnedDescriptor(writing))
  }

  /// A descriptor to wake a thread that polls it: see `ds_wake`.
  static func waker() throws -> OwnedDescriptor {
    let number = ds_wake_create()
    guard number >= 0 else { throw resourceUnavailable("A wake-up descriptor", errno) }
    return OwnedDescriptor(number)
  }

  private static func resourceUnavailable(_ what: String, _ error: Int32) -> RuntimeError {
    RuntimeError(
      .resourceUnavailable,
      "\(what) could not be made: \(SystemError.text(error)). Close sessions that are no longer "
        + "needed.")
  }
}
