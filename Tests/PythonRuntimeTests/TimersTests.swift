import Dispatch
import Testing

@testable import PythonRuntime

@Suite struct TimersTests {
  private let timers = Timers(queue: DispatchQueue(label: "timers of a test"))

  /// What ran, in order.
  private final class Log: Sendable {
    private let names = Lock<[String]>([])
    func append(_ name: String) { names.withLock { $0.append(name) } }
    var all: [String] { names.withLock { $0 } }
  }

  @Test func actionsRunAtTheirTimeAndNotTwice() async {
    let log = Log()
    await withCheckedContinuation { continuation in
      timers.schedule(after: .milliseconds(60)) {
        log.append("later")
        continuation.resume()
      }
      timers.schedule(after: .seconds(3600)) { log.append("never") }
      timers.schedule(after: .milliseconds(5)) { log.append("sooner") }
      timers.schedule(after: .seconds(-1)) { log.append("at once") }
    }
    #expect(log.all == ["at once", "sooner", "later"])
    #expect(timers.count == 1)
  }

  @Test func whatIsCalledOffIsLetGoAndDoesNotRun() async {
    final class Held: Sendable {}
    let log = Log()
    weak var held: Held?
    let cancelled: Timers.Timer = {
      let object = Held()
      held = object
      return timers.schedule(after: .milliseconds(5)) { [object] in
        log.append("\(object)")
      }
    }()
    #expect(held != nil)
    cancelled.cancel()
    cancelled.cancel()
    #expect(held == nil)
    #expect(timers.count == 0)
    // The alarm for what was called off goes off, and later ones still run.
    await withCheckedContinuation { continuation in
      timers.schedule(after: .milliseconds(20)) { continuation.resume() }
    }
    #expect(log.all.isEmpty)
  }

  @Test func delaysBeyondTheClockWait() {
    let timer = timers.schedule(after: .seconds(Int64.max)) {}
    #expect(timers.count == 1)
    timer.cancel()
    #expect(timers.count == 0)
  }
}
