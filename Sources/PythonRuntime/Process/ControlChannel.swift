import CInterpreter
import Glibc
import Synchronization

/// The host's end of a zygote's control channel, and the process behind it.
///
/// Sendable: the C channel has one receiving thread and, by the lock, one sender at a time; the two
/// directions share nothing but the socket's number.
final class ControlChannel: @unchecked Sendable {
  private static let longestFrame = 1 << 20

  private let channel: UnsafeMutablePointer<ds_channel>
  private let process: pid_t
  private let sending = Mutex(())

  /// Takes the socket over, and reaps the process in the end.
  init(socket: Int32, process: pid_t) {
    channel = .allocate(capacity: 1)
    // SAFETY: the memory is ours, and initialised by this call.
    ds_channel_open(channel, socket, Self.longestFrame)
    self.process = process
  }

  deinit {
    // SAFETY: nobody else refers to the channel any more.
    ds_channel_close(channel)
    channel.deallocate()
    // Without its channel the process ends at once.
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
  }

  /// Blocks while the channel is full.
  func send(_ bytes: [UInt8], descriptors: [Int32]) throws {
    let error = sending.withLock { _ in
      // SAFETY: the bytes live for the call; the lock makes this the only sender.
      ds_channel_send(channel, bytes, bytes.count, descriptors, descriptors.count)
    }
    guard error == 0 else { throw Self.lost(error) }
  }

  /// Blocks until a frame arrives. One thread at a time.
  func receive() throws -> ReceivedFrame {
    var payload: UnsafePointer<UInt8>?
    var length = 0
    // SAFETY: the payload is read before the next call for this channel.
    let error = ds_channel_receive(channel, &payload, &length)
    guard error == 0 else { throw Self.lost(error) }
    return try ReceivedFrame(UnsafeRawBufferPointer(start: payload, count: length))
  }

  /// Passes on frames until the channel ends.
  func receiveAll(_ handle: (ReceivedFrame) -> Void) {
    while let frame = try? receive() { handle(frame) }
  }

  func takeDescriptor() -> OwnedDescriptor? {
    // SAFETY: called on the receiving thread.
    let number = ds_channel_take_descriptor(channel)
    return number < 0 ? nil : OwnedDescriptor(number)
  }

  /// Ends both directions, which ends the process and wakes the receiving thread.
  func shutDown() {
    // SAFETY: the socket is open until deinit.
    shutdown(channel.pointee.socket, Int32(SHUT_RDWR))
  }

  private static func lost(_ error: Int32) -> RuntimeError {
    RuntimeError(
      .resourceUnavailable,
      "The connection to the worker process was lost (\(SystemError.text(error))).")
  }
}
