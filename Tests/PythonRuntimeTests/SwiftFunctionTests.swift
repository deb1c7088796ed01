import Testing

@testable import PythonRuntime

/// Swift functions as Python callables.
@Suite struct SwiftFunctionTests {
  @Test func asynchronousFunctionsAreTypedToo() async throws {
    let session = try await InProcessSession()
    try await session.define(
      "look_up", parameters: ["name", "limit = 2"], documentation: "Look a name up."
    ) { (name: String, limit: Int) async throws in
      try await Task.sleep(for: .microseconds(1))
      return (0..<limit).map { "\(name)\($0)" }
    }
    let result = try await session.execute(
      """
      import inspect
      (look_up("a"), look_up(limit=1, name="b"), str(inspect.signature(look_up)), look_up.__doc__)
      """)
    #expect(
      result.value
        == .tuple([
          ["a0", "a1"], ["b0"], "(name: str, limit: int = 2) -> list[str]", "Look a name up.",
        ]))
    let wrong = try await session.execute("look_up(1)")
    #expect(wrong.exception?.type == "TypeError")
    #expect(wrong.exception?.message == "name: expected str, found int 1")
    await session.close()
  }

  @Test func defaultsKeywordsAndMissingArgumentsOfSynchronousFunctions() async throws {
    let session = try await InProcessSession()
    try await session.define("scale", parameters: ["x", "by = 2.0", "note = None"]) {
      (x: Double, by: Double, note: String?) in "\(x * by)\(note ?? "")"
    }
    let result = try await session.execute(
      "(scale(1), scale(1, 3), scale(1, note='!'), scale(by=4, x=1))")
    #expect(result.value == .tuple(["2.0", "3.0", "2.0!", "4.0"]))
    let missing = try await session.execute("scale()")
    #expect(
      missing.exception?.message
        == "scale() takes 3 arguments, (x: float, by: float = 2.0, note: str | None = None) -> str: "
        + "missing a required argument: 'x'")
    let many = try await session.execute("scale(1, 2, '', 4)")
    #expect(many.exception?.message.contains("too many positional arguments") == true)
    let nested = try await session.execute("scale([1])")
    #expect(nested.exception?.message == "x: expected float, found list [1]")
    await session.close()
  }

  @Test func functionsWithoutAResultReturnNone() async throws {
    let session = try await InProcessSession()
    let (stream, continuation) = AsyncStream.makeStream(of: Int.self)
    try await session.define("tell", parameters: ["n"]) { (n: Int) in
      _ = continuation.yield(n)
    }
    try await session.define("tell_later", parameters: ["n"]) { (n: Int) async in
      await Task.yield()
      _ = continuation.yield(n)
    }
    let result = try await session.execute("(tell(1), tell_later(2), str(tell.__signature__))")
    #expect(result.value == .tuple([.none, .none, "(n: int) -> None"]))
    continuation.finish()
    #expect(await stream.reduce(into: []) { $0.append($1) } == [1, 2])
    await session.close()
  }

  struct Refused: Error, Equatable { var reason: String }

  @Test func tracebacksShowTheSwiftFunction() async throws {
    let session = try await InProcessSession()
    try await session.define("refuse", parameters: ["reason"]) { (reason: String) throws -> Int in
      throw Refused(reason: reason)
    }
    let line = #line - 3
    let result = try await session.execute("def go():\n    return refuse('no')\ngo()")
    let traceback = try #require(result.exception?.traceback)
    #expect(
      traceback.contains(
        #"File "PythonRuntimeTests/SwiftFunctionTests.swift", line \#(line), in refuse"#))
    #expect(traceback.contains("return refuse('no')"))
    #expect(traceback.hasSuffix(#"Refused(reason: "no")"# + "\n"))
    // The same error where it is not caught, through a typed call and a batch.
    let go = try await session.function("go", as: PythonFunction<(), Int>.self)
    await #expect(throws: Refused(reason: "no")) { try await go() }
    await #expect(throws: Refused(reason: "no")) { try await session.run { try $0.call(go) } }
    await session.close()
  }

  @Test func aPythonExceptionThatPassesThroughSwiftKeepsItsType() async throws {
    let session = try await InProcessSession()
    let other = try await InProcessSession()
    try await other.execute("def fail(): raise KeyError('k')")
    try await session.define("relay", parameters: []) { () async throws in
      try await other.call("fail")
    }
    let caught = try await session.execute(
      "try:\n    relay()\nexcept KeyError as e:\n    caught = type(e).__name__\ncaught")
    #expect(caught.value == "KeyError")
    await session.close()
    await other.close()
  }

  @Test func inputIsAnsweredBySwift() async throws {
    let session = try await InProcessSession()
    try await session.answerInput { prompt in
      prompt == "name? " ? "Ada" : prompt.isEmpty ? "line" : nil
    }
    let result = try await session.execute(
      """
      import sys
      ended = None
      try: input("more? ")
      except EOFError as error: ended = str(error)
      (input("name? "), sys.stdin.readline(), ended)
      """)
    #expect(result.value == .tuple(["Ada", "line\n", "the input ended"]))
    #expect(result.output == "more? name? ")
    let replaced = try await session.execute(
      """
      import io
      kept, sys.stdin = sys.stdin, io.StringIO("typed\\n")
      try: line = input("? ")
      finally: sys.stdin = kept
      line
      """)
    #expect(replaced.value == "typed")
    #expect(try await session.variableNames() == ["sys", "ended", "_", "io", "kept", "line"])
    await session.close()
  }
}
