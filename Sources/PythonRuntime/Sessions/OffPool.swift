package import Dispatch

/// Runs what blocks (the disk, another process, a long computation) on a thread that is not of Swift's
/// concurrency pool, which has few and expects none of them to wait.
package func offPool<R: Sendable>(
  qos: DispatchQoS.QoSClass = .default, _ body: @escaping @Sendable () throws -> R
) async throws -> R {
  try await withCheckedThrowingContinuation { continuation in
    DispatchQueue.global(qos: qos).async { continuation.resume(with: Result { try body() }) }
  }
}
