import Testing

@testable import PythonRuntime

/// Typed functions whose parameters are annotated with classes: what Swift passes becomes an instance.
@Suite struct AnnotationTests {
  enum Color: String, PythonCodable, CaseIterable { case red, green }
  struct Point: PythonCodable, Equatable {
    var x: Double
    var y: Double
  }
  struct Shape: PythonCodable, Equatable {
    var name: String
    var color: Color
    var points: [Point]
    var parent: [Shape]?
  }

  private static let classes = """
    import dataclasses, enum, typing
    class Color(enum.Enum):
        RED = "red"
        GREEN = "green"
    @dataclasses.dataclass
    class Point:
        x: float
        y: float
    @dataclasses.dataclass
    class Shape:
        name: str
        color: Color
        points: list[Point]
        parent: "list[Shape] | None" = None
    class Named(typing.NamedTuple):
        x: float
        y: float
    class Table(typing.TypedDict):
        origin: Point
    """

  private func session(_ code: String) async throws -> InProcessSession {
    let session = try await InProcessSession()
    let result = try await session.execute(Self.classes + "\n" + code)
    try #require(result.exception == nil)
    return session
  }

  @Test func structuresBecomeDataclassesAndComeBack() async throws {
    let session = try await session(
      """
      def flip(shape: Shape) -> Shape:
          assert isinstance(shape.color, Color) and isinstance(shape.points[0], Point)
          points = [Point(p.y, p.x) for p in shape.points]
          return dataclasses.replace(shape, color=Color.GREEN, points=points)
      """)
    let flip = try await session.function("flip", as: PythonFunction<Shape, Shape>.self)
    let inner = Shape(name: "inner", color: .red, points: [Point(x: 3, y: 4)])
    let shape = Shape(name: "outer", color: .red, points: [Point(x: 1, y: 2)], parent: [inner])
    let flipped = try await flip(shape)
    #expect(
      flipped
        == Shape(name: "outer", color: .green, points: [Point(x: 2, y: 1)], parent: [inner]))
    await session.close()
  }

  @Test func containersOptionalsAndKeywordsAreConvertedToo() async throws {
    let session = try await session(
      """
      def f(points: dict[str, Point], corner: tuple[int, int], *more: Point,
            named: Named | None = None, table: Table, color: Color | None = None):
          kinds = [type(points["a"]), type(corner), *map(type, more), type(named),
                   type(table["origin"]), type(color)]
          return [kind.__name__ for kind in kinds]
      """)
    let f = try await session.function(
      "f", keywords: ["named", "table", "color"],
      as: PythonFunction<([String: Point], [Int], Point, Point?, [String: Point], Color?), [String]>
        .self)
    let point = Point(x: 1, y: 2)
    #expect(
      try await f(["a": point], [1, 2], point, point, ["origin": point], .green) == [
        "Point", "tuple", "Point", "Named", "Point", "Color",
      ])
    #expect(
      try await f(["a": point], [1, 2], point, nil, ["origin": point], nil).suffix(3) == [
        "NoneType", "Point", "NoneType",
      ])
    await session.close()
  }

  @Test func aValueThatTheClassDoesNotTakeIsItsOwnError() async throws {
    struct Wrong: PythonCodable { var z = 1 }
    let session = try await session("def f(p: Point): return p.x\ndef g(c: Color): return 1")
    let f = try await session.function("f", as: PythonFunction<Wrong, Double>.self)
    await #expect { try await f(Wrong()) } throws: {
      ($0 as? PythonException)?.message.contains("unexpected keyword argument 'z'") == true
    }
    let g = try await session.function("g", as: PythonFunction<String, Int>.self)
    await #expect { try await g("blue") } throws: {
      ($0 as? PythonException)?.message == "'blue' is not a valid Color"
    }
    await session.close()
  }

  @Test func casesAreComparedWithLiteralsAndEnums() async throws {
    let session = try await session(
      """
      def wide(c: typing.Literal["red", "green", "blue"]) -> typing.Literal["red"]: return "red"
      def narrow(c: typing.Literal["red"]) -> str: return c
      def member(c: Color) -> Color: return c
      def other(c: Color) -> typing.Literal["blue"]: return "blue"
      """)
    #expect(Color.pythonTypeName == "Literal['red', 'green']")
    typealias Function = PythonFunction<Color, Color>
    #expect(try await session.function("wide", as: Function.self)(.green) == .red)
    #expect(try await session.function("member", as: Function.self)(.green) == .green)
    for name in ["narrow", "other"] {
      await #expect { try await session.function(name, as: Function.self) } throws: {
        ($0 as? PythonException)?.type == "TypeError"
      }
    }
    // Python code may return what its annotation does not say.
    try await session.execute("def wrong(c: Color): return 'blue'")
    let wrong = try await session.function("wrong", as: Function.self)
    await #expect { try await wrong(.red) } throws: {
      "\($0)" == "value: expected Color, found str 'blue'"
    }
    await session.close()
  }

  @Test func coroutineFunctionsAreAwaited() async throws {
    let session = try await session(
      """
      import asyncio
      async def later(n: int) -> int:
          await asyncio.sleep(0)
          return n + 1
      async def failing() -> int:
          raise ValueError("no")
      """)
    let later = try await session.function("later", as: PythonFunction<Int, Int>.self)
    #expect(try await later(1) == 2)
    #expect(try await session.run { try $0.call(later, 2) } == 3)
    let failing = try await session.function("failing", as: PythonFunction<(), Int>.self)
    await #expect(throws: PythonException.self) { try await failing() }
    try await session.define("again", parameters: []) { () in
      try later.callSynchronously(1)
    }
    let nested = try await session.execute("async def f():\n    return again()\nawait f()")
    #expect(nested.exception?.message.contains("event loop runs already") == true)
    await session.close()
  }

  @Test func awaitedCallsHaveDeadlines() async throws {
    let session = try await InProcessSession(options: .patient)
    try await session.execute("def forever():\n    while True: pass\nx = 1")
    var forever = try await session.function("forever", as: PythonFunction<(), Int>.self)
    forever.deadline = .milliseconds(30)
    await #expect { try await forever() } throws: {
      ($0 as? PythonException)?.isDeadlineExceeded == true
    }
    let object = try await session.object("forever")
    await #expect { try await object.call(deadline: .milliseconds(30)) } throws: {
      ($0 as? PythonException)?.isDeadlineExceeded == true
    }
    #expect(try await session.value(of: "x") == 1)
    await session.close()
  }
}
