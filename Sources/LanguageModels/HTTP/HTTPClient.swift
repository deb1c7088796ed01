internal import CCurlShim
import Foundation
import Synchronization

/// Sends requests over libcurl, all of them from one thread.
///
/// The thread starts with the first request and lives as long as the process. It holds every
/// libcurl handle; other threads only put transfers into the mailbox and wake it.
final class HTTPClient: @unchecked Sendable {
  // `@unchecked`: `multi` is set once, and libcurl allows `curl_multi_wakeup` from any thread;
  // everything else of it is used by the driver thread only. `arrivals` is behind its lock.

  /// The process's client: connections are shared and reused.
  static let shared = HTTPClient()

  private let multi: UnsafeMutableRawPointer?
  private let arrivals = Mutex<[Transfer]>([])

  private init() {
    curl_global_init(Int(CURL_GLOBAL_DEFAULT))
    multi = curl_multi_init()
    Thread.detachNewThread { self.drive() }
  }

  /// Sends a request and returns as soon as the response's head is there.
  ///
  /// - Throws: ``HTTPFailure`` or `CancellationError`; so does the body.
  func send(_ request: HTTPRequest) async throws -> HTTPResponse {
    let transfer = Transfer(request) { [self] in wake() }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        transfer.head = continuation
        arrivals.withLock { $0.append(transfer) }
        wake()
      }
    } onCancel: {
      // May come before the transfer is in the mailbox: the driver looks at the flag when it
      // takes the transfer out.
      transfer.cancel()
    }
  }

  private func wake() {
    // SAFETY: libcurl documents curl_multi_wakeup as callable from any thread; the handle is
    // never cleaned up.
    _ = curl_multi_wakeup(multi)
  }

  // MARK: The driver thread

  private func drive() {
    // Writing to a closed TLS connection raises SIGPIPE, which would end the process.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &signals, nil)

    var running: [UnsafeMutableRawPointer: Transfer] = [:]
    while true {
      for transfer in arrivals.withLock({ waiting in
        defer { waiting = [] }
        return waiting
      }) {
        start(transfer, &running)
      }
      perform(&running)
      let wait = endOverdue(&running)
      // SAFETY: `multi` belongs to this thread; no extra descriptors are passed.
      curl_multi_poll(multi, nil, 0, wait, nil)
    }
  }

  private func start(_ transfer: Transfer, _ running: inout [UnsafeMutableRawPointer: Transfer]) {
    guard let handle = transfer.open() else {
      transfer.finish(HTTPFailure(kind: .connect, detail: "libcurl has no memory"))
      return
    }
    // SAFETY: a fresh easy handle; `running` keeps its transfer, which the handle's callbacks
    // point to, alive until the handle is removed.
    running[handle] = transfer
    let code = curl_multi_add_handle(multi, handle)
    if code != CURLM_OK {
      end(handle, &running, HTTPFailure(kind: .connect, detail: "libcurl refuses the transfer"))
    }
  }

  private func perform(_ running: inout [UnsafeMutableRawPointer: Transfer]) {
    var count: Int32 = 0
    // SAFETY: `multi` belongs to this thread. A message is read before the next libcurl call,
    // which is when it becomes invalid.
    curl_multi_perform(multi, &count)
    while let message = curl_multi_info_read(multi, &count) {
      guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle else {
        continue
      }
      let result = dynasaur_curl_result(message)
      end(handle, &running, running[handle]?.failure(of: result))
    }
  }

  /// Ends what was cancelled or is too late; returns the milliseconds until the next deadline.
  private func endOverdue(_ running: inout [UnsafeMutableRawPointer: Transfer]) -> Int32 {
    let now = ContinuousClock.now
    var wait = Duration.seconds(60)
    for (handle, transfer) in running {
      if transfer.isCancelled {
        end(handle, &running, CancellationError())
      } else {
        let (deadline, phase) = transfer.deadline
        if deadline <= now {
          end(handle, &running, HTTPFailure(kind: .timedOut(phase), detail: ""))
        } else {
          wait = min(wait, deadline - now)
        }
      }
    }
    // Rounded up: waking a moment too early would make the loop spin.
    return Int32(wait / .milliseconds(1)) + 1
  }

  private func end(
    _ handle: UnsafeMutableRawPointer, _ running: inout [UnsafeMutableRawPointer: Transfer],
    _ error: (any Error)?
  ) {
    guard let transfer = running.removeValue(forKey: handle) else { return }
    // The caller first: removing a handle can take a moment.
    transfer.finish(error)
    // SAFETY: the handle was added by `start`; after its removal nothing calls back into the
    // transfer, so it can be closed.
    curl_multi_remove_handle(multi, handle)
    transfer.close()
  }
}
