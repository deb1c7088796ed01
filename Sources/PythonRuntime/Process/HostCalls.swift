/// The calls of host functions that a session waits for. The session decides how many it makes, with what
/// and whether it reads the results, so all of that is bounded.
struct HostCalls {
  /// Functions of one session that may be under way.
  private static let most = 64
  /// Results that may wait until the session reads them: it has fewer threads to wait for one.
  private static let mostUnread = 1024

  private struct Call {
    var task: Task<Void, Never>
    /// Bytes of its arguments.
    var size: Int
  }

  private var calls: [UInt32: Call] = [:]

  /// What an honest session does not do.
  func isHostile(_ call: UInt32, unread: Outbox) -> Bool {
    calls[call] != nil || unread.count >= Self.mostUnread
  }

  /// Why a call of so many bytes cannot be made now; nil when it can.
  func obstacle(size: Int, unread: Outbox, limit: Int) -> HostCallResult? {
    if calls.count >= Self.most { return .threw("too many host functions are under way") }
    guard size + calls.values.reduce(0, { $0 + $1.size }) <= limit else {
      return .threw("the arguments of the host functions under way are too large")
    }
    guard unread.size <= limit else {
      return .threw("the results of host functions that wait to be read are too large")
    }
    return nil
  }

  mutating func begin(_ call: UInt32, size: Int, _ task: Task<Void, Never>) {
    calls[call] = Call(task: task, size: size)
  }

  /// False for a call that is not under way any more.
  mutating func end(_ call: UInt32) -> Bool { calls.removeValue(forKey: call) != nil }

  /// Cancels all, and tells which.
  mutating func cancelAll() -> [UInt32] {
    defer { calls = [:] }
    for call in calls.values { call.task.cancel() }
    return Array(calls.keys)
  }
}
