import Testing

@testable import PythonRuntime

/// Objects used as Python code would use them, inside a batch.
@Suite struct PythonReferenceTests {
  private static let code = """
    class Account:
        def __init__(self, owner, *, balance=0): self.owner, self.balance = owner, balance
        def add(self, amount, times=1):
            self.balance += amount * times
            return self
    account = Account("Ada", balance=5)
    table = {"a": [1, 2]}
    """

  @Test func membersCallsItemsAndIteration() async throws {
    let session = try await InProcessSession()
    try await session.execute(Self.code)
    let seen = try await session.run { python in
      let account = try python.object("account")
      try account.add(10).add(1, times: 3)
      try account.setAttribute("owner", to: "Eve")
      let made = try python.object("Account")("Bob", balance: 2.5)
      let table = try python.object("table")
      try table.setItem("b", to: made)
      var numbers: [Int] = []
      try table.item("a").visitElements { numbers.append(try $0.as()) }
      return [
        "\(try account.balance.as(Int.self))", try account.owner.as(String.self),
        "\(try table.item("b").balance.as(Double.self))", "\(numbers)", "\(try table.count)",
        try python.module("math").floor(2.7).text(),
        try python.evaluateObject("table['a'] * 2").text(),
        try python.object(of: [1, 2]).text(),
      ]
    }
    #expect(
      seen == ["18", "Eve", "2.5", "[1, 2]", "2", "2", "[1, 2, 1, 2]", "[1, 2]"])
    #expect(try await session.value(of: "table")["a"] == [1, 2])
    await session.close()
  }

  @Test func failuresAreThePythonExceptions() async throws {
    let session = try await InProcessSession()
    try await session.execute(Self.code + "\ndef broken():\n    yield 1\n    raise OSError('x')")
    func failure(_ body: @escaping @Sendable (PythonContext) throws -> Void) async -> String {
      do {
        try await session.run(body)
        return "nothing"
      } catch let error as PythonException {
        return error.type
      } catch {
        return "\(error)"
      }
    }
    #expect(await failure { _ = try $0.object("account").missing } == "AttributeError")
    #expect(await failure { _ = try $0.object("table").item("z") } == "KeyError")
    #expect(await failure { try $0.object("account").add() } == "TypeError")
    #expect(await failure { _ = try $0.module("no_such_module") } == "ModuleNotFoundError")
    #expect(await failure { try $0.object("broken")().visitElements { _ in } } == "OSError")
    #expect(await failure { _ = try $0.object("account").count } == "TypeError")
    #expect(await failure { _ = try $0.object("nothing") }.contains("no variable 'nothing'"))
    #expect(
      await failure { _ = try $0.object("account").owner.as(Int.self) }
        == "value: expected Int, found str 'Ada'")
    await session.close()
  }

  @Test func referencesAreReleased() async throws {
    let session = try await InProcessSession()
    try await session.execute(
      "import weakref\nclass Thing: pass\nthing = Thing()\nalive = weakref.ref(thing)")
    try await session.run { python in
      let thing = try python.object("thing")
      try python.run("del thing")
      #expect(try python.evaluate("alive() is not None", as: Bool.self))
      _ = thing
    }
    #expect(try await session.execute("alive() is None").value == true)
    await session.close()
  }

  @Test func functionsOfAnotherSessionAreRefused() async throws {
    let first = try await InProcessSession()
    let second = try await InProcessSession()
    try await first.execute("def f(x): return x")
    let one = try await first.function("f", as: PythonFunction<Int, Int>.self)
    await #expect { try await second.run { try $0.call(one, 1) } } throws: {
      ($0 as? RuntimeError)?.code == .foreignSession
    }
    #expect(try await first.run { try $0.call(one, 1) } == 1)
    await first.close()
    await second.close()
  }
}
