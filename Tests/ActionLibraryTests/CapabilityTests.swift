import ActionLibrary
import Foundation
import PythonRuntime
import Testing

/// What actions do outside their own memory, and that they do no more than that later.
@Suite struct CapabilityTests {
  let folder: TemporaryFolder
  let library: Library

  init() async throws {
    folder = try TemporaryFolder()
    library = try await Library(at: folder.libraryURL)
  }

  private func add(_ code: String) async throws -> Action {
    let found = try await candidate("f", "import os, tempfile\nos.chdir(tempfile.mkdtemp())", code)
    let result = try await library.admit(found, by: admissionOfCode)
    try #require(result.verdict.isAccepted, "\(result.verdict.reasons)")
    return try #require(result.action)
  }

  /// Reads for 1, writes for 2, starts a program for 3, connects for 4, does nothing for anything else.
  private static func code(calls: String) -> String {
    """
    def f(kind):
        import socket, subprocess
        if kind == 1:
            return len(open('/etc/hostname').read()) > 0
        if kind == 2:
            with open('made.txt', 'w') as file:
                return file.write('text')
        if kind == 3:
            return subprocess.run(['true']).returncode
        if kind == 4:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                return s.connect(('127.0.0.1', 9))
    \(calls)
    """
  }

  @Test func effectsOfRecordedCallsAreDeclared() async throws {
    #expect(try await add(Self.code(calls: "f(0)")).capabilities == [])
    #expect(try await add(Self.code(calls: "f(0)\nx = 1")).capabilities == [])
    let all = try await add(
      Self.code(calls: "[f(kind) for kind in (0, 1, 2, 3, 4)]").replacing("0:", with: "0 :")
        .replacing("'text'", with: "'other'"))
    #expect(all.capabilities == ["network", "process", "read", "write"])
    #expect(all.effects.contains(.init(kind: "read", target: "/etc/hostname")))
    #expect(all.effects.contains(.init(kind: "write", target: "made.txt")))
  }

  @Test(arguments: [true, false])
  func aCallThatDoesMoreIsRefusedAndReported(inProcess: Bool) async throws {
    let action = try await add(Self.code(calls: "f(0), f(2)"))
    #expect(action.capabilities == ["write"])
    // Guard rails that refuse nothing of this: what they refuse, the declaration need not.
    var rails = GuardRails.standard
    rails.readablePaths.append("/etc")
    rails.allowsPrograms = true
    rails.allowsNetwork = true
    let session: any Session =
      if inProcess {
        try await InProcessSession(options: .init(guardRails: rails))
      } else {
        try await WorkerSession()
      }
    try await session.execute("import os, tempfile\nos.chdir(tempfile.mkdtemp())")
    try await library.load(["f"], into: session, allowingUntrusted: true)
    #expect(try await session.execute("f(0)").exception == nil)
    #expect(try await session.execute("f(2)").value == 4)
    for kind in inProcess ? [1, 3, 4] : [1, 3] {
      let refused = try await session.execute("f(\(kind))")
      #expect(refused.exception?.type.hasSuffix("EffectNotDeclared") == true)
      #expect(refused.exception?.message.contains("dynasaur actions trust f --allow") == true)
    }
    // What the session's own code does is no affair of the action.
    #expect(try await session.execute("len(open('made.txt').read())").value == 4)
    try await library.collectUsage(from: session)
    let events = try await library.history(of: "f").filter { $0.kind == "exceeded" }
    #expect(events.count == 1)
    let event = try #require(events.first)
    #expect(event.reasons.contains("Refused: read of /etc/hostname."))
    #expect(event.reasons.contains("Refused: process of true."))
    #expect(try await library.action(named: "f").usage.failures == (inProcess ? 3 : 2))
    await session.close()
  }

  @Test func aPersonCanAllowMore() async throws {
    _ = try await add(Self.code(calls: "f(0)"))
    let trusted = try await library.trust("f", by: "Ada", allowing: ["read"])
    #expect(trusted.capabilities == ["read"])
    try await withSession { session in
      try await library.load(["f"], into: session)
      #expect(try await session.execute("f(1)").value == true)
      #expect(try await session.execute("f(2)").exception != nil)
    }
  }

  @Test func whatAnActionCallsCountsAsItsOwn() async throws {
    _ = try await add(Self.code(calls: "f(0), f(1)"))
    let outer = try await withSession { session in
      try await library.load(["f"], into: session, allowingUntrusted: true)
      try await session.record("def outer(kind): return f(kind)\nouter(0)")
      return try await library.candidates(in: session).candidates[0]
    }
    try await library.admit(outer, by: admissionOfCode)
    #expect(try await library.action(named: "outer").capabilities == [])
    try await withSession { session in
      try await library.load(["outer", "f"], into: session, allowingUntrusted: true)
      #expect(try await session.execute("f(1)").value == true)
      #expect(try await session.execute("outer(1)").exception != nil)
    }
  }

  @Test func whatWasNeverSeenCalledIsBoundByItsSessionAlone() async throws {
    let found = try await candidate("f", Self.code(calls: "f(0)"))
    var uncalled = found
    uncalled.calls = []
    let admission = Admission(runner: runner, policy: .trustingAuthor)
    let action = try #require(try await library.admit(uncalled, by: admission).action)
    #expect(action.capabilities == nil)
    try await withSession { session in
      try await library.load(["f"], into: session, allowingUntrusted: true)
      #expect(try await session.execute("f(1)").value == true)
    }
  }
}
