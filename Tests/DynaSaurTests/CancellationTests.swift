import Foundation
import LanguageModels
import PythonRuntime
import Synchronization
import Testing

@testable import DynaSaur

@Suite struct CancellationTests {
  /// A session opener that remembers its session.
  private final class Opener: Sendable {
    private let opened = Mutex<(any Session)?>(nil)

    var session: (any Session)? { opened.withLock { $0 } }
    var open: Agent.SessionOpener {
      { [self] workspace in
        let session = try await InProcessSession(
          // A loaded machine may take long to let code stop.
          options: .init(workingDirectory: workspace.path, gracePeriod: .seconds(60)))
        opened.withLock { $0 = session }
        return session
      }
    }
  }

  @Test func cancellingTheReaderStopsTheCode() async throws {
    let opener = Opener()
    let folder = try TemporaryFolder()
    let agent = Agent(
      model: script("print('running')\nwhile True: pass"), openSession: opener.open)
    let run = agent.run("t", trajectory: folder.file("t.jsonl"))
    let (running, signal) = AsyncStream<Void>.makeStream()
    let reader = Task {
      for try await event in run {
        if case .output = event { signal.yield() }
      }
    }
    for await _ in running { break }
    reader.cancel()
    _ = await reader.result
    await run.waitUntilEnded()
    let trajectory = try Trajectory(contentsOf: folder.file("t.jsonl"))
    #expect(trajectory.outcome == .cancelled)
    #expect(!trajectory.isTorn)
    #expect(trajectory.steps.count == 1)
    let error = await #expect(throws: RuntimeError.self) { try await opener.session?.execute("1") }
    #expect(error?.code == .sessionClosed)
  }

  @Test func leavingTheLoopStopsTheModel() async throws {
    let model = ScriptedModel { _, number in
      if number == 1 { try await Task.sleep(for: .seconds(3600)) }
      return ChatReply(text: reply("x = 1"), model: "m")
    }
    let run = Agent(model: model).run("t")
    for try await event in run {
      if case .requested(step: 2, _) = event { break }
    }
    run.cancel()
    await run.waitUntilEnded()
    #expect(model.requests.count <= 2)
  }

  @Test func cancellingARunThrowsCancellationError() async throws {
    let run = Agent(
      model: ScriptedModel { _, _ in
        try await Task.sleep(for: .seconds(3600))
        return ChatReply(text: "", model: "m")
      }
    ).run("t")
    await #expect(throws: CancellationError.self) {
      for try await event in run {
        if case .requested = event { run.cancel() }
      }
    }
  }

  @Test func cancellingSolveEndsEverythingBeforeItReturns() async throws {
    let opener = Opener()
    let agent = Agent(
      model: script("print('running')\nwhile True: pass"), openSession: opener.open)
    let (running, signal) = AsyncStream<Void>.makeStream()
    let work = Task {
      try await agent.solve("t") { event in if case .output = event { signal.yield() } }
    }
    for await _ in running { break }
    work.cancel()
    await #expect(throws: CancellationError.self) { try await work.value }
    let error = await #expect(throws: RuntimeError.self) { try await opener.session?.execute("1") }
    #expect(error?.code == .sessionClosed)
  }

  @Test func aRunThatIsCancelledBeforeItBeginsAsksNothing() async throws {
    let model = script("submit_final_answer(1)")
    let work = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await Agent(model: model).solve("t")
    }
    await #expect(throws: CancellationError.self) { try await work.value }
    #expect(model.requests.isEmpty)
  }
}
