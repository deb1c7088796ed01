import Foundation
import Testing

@testable import PythonRuntime

@Suite struct ConversionTests {
  /// Every kind of value, and the Python expression that makes it.
  static let values: [(String, PythonValue)] = [
    ("True", true), ("-7", -7), ("2**62", .int(1 << 62)), ("1.5", 1.5), ("'é☃😀'", "é☃😀"),
    ("2**64", .bigInt(.init(isNegative: false, magnitude: [0, 0, 0, 0, 0, 0, 0, 0, 1]))),
    ("-2**64", .bigInt(.init(isNegative: true, magnitude: [0, 0, 0, 0, 0, 0, 0, 0, 1]))),
    ("float('inf')", .double(.infinity)), ("1+2j", .complex(real: 1, imaginary: 2)),
    (#"'\ud800x'"#, .surrogateString([0xED, 0xA0, 0x80, 0x78])), ("b'ab'", .bytes([97, 98])),
    ("bytearray(b'c')", .bytes([99])), ("[1, [2]]", [1, [2]]), ("(1, 'a')", .tuple([1, "a"])),
    ("{3}", .set([3])), ("frozenset({3})", .frozenSet([3])),
    (
      "{'b': 1, 'a': 2, (1,): 3}",
      .dictionary([
        .init(key: "b", value: 1), .init(key: "a", value: 2), .init(key: .tuple([1]), value: 3),
      ])
    ),
    ("__import__('datetime').date(2024, 2, 29)", .date(.init(year: 2024, month: 2, day: 29))),
    (
      "__import__('datetime').time(1, 2, 3, 4)",
      .time(.init(hour: 1, minute: 2, second: 3, microsecond: 4))
    ),
    (
      "__import__('datetime').datetime(2024, 2, 29, 1, tzinfo=__import__('datetime').timezone.utc)",
      .dateTime(.init(year: 2024, month: 2, day: 29), .init(hour: 1, minute: 0, offset: 0))
    ),
    (
      "__import__('datetime').timedelta(days=-1, seconds=5)",
      .duration(.init(days: -1, seconds: 5, microseconds: 0))
    ),
    ("__import__('decimal').Decimal('1.10')", .decimal("1.10")),
    ("__import__('uuid').UUID(int=1)", .uuid(Array(repeating: 0, count: 15) + [1])),
    (
      "__import__('array').array('h', [1, -1])",
      .array(.init(format: "h", shape: [2], bytes: [1, 0, 255, 255]))
    ),
    ("''", ""), ("[]", []), ("()", .tuple([])), ("{}", [:]), ("b''", .bytes([])),
  ]

  @Test(arguments: values)
  func valuesArriveInSwiftAndGoBackEqual(expression: String, value: PythonValue) async throws {
    let session = try await InProcessSession()
    let result = try await session.execute("original = \(expression)\noriginal")
    #expect(result.value == value)
    #expect(try PythonValue(decoding: value.encoded()) == value)
    try await session.setValue(value, for: "returned")
    let same = try await session.execute(
      "bool(__import__('builtins').all(list(returned == original))) if hasattr(returned, 'shape') else returned == original"
    )
    #expect(same.value == true)
    await session.close()
  }

  @Test func notANumberIsKept() async throws {
    let session = try await InProcessSession()
    let value = try await session.execute("float('nan')").value
    guard case .double(let number) = value else {
      Issue.record("not a float: \(String(describing: value))")
      return
    }
    #expect(number.isNaN)
    await session.close()
  }

  @Test(arguments: [
    "x = []\nx.append(x)\nx", "x = {}\nx['self'] = x\nx",
    "x = []\nfor _ in range(100000): x = [x]\nx",
    "x = ()\nfor _ in range(5000): x = (x,)\nx", "object()", "lambda: 0", "(i for i in [])",
    "class Bad:\n    def __repr__(self): raise RuntimeError\nBad()",
    "class Bad:\n    def __repr__(self): return 3\nBad()", "open('/dev/null')", "int", "range(3)",
    "import math\nmath",
  ])
  func whatIsNotPlainDataIsDescribed(code: String) async throws {
    let session = try await InProcessSession()
    let result = try await session.execute(code)
    #expect(result.exception == nil)
    guard case .object = result.value else {
      Issue.record("not described: \(String(describing: result.value))")
      return
    }
    await session.close()
  }

  @Test func recordsOfDataclassesAndEnumsOfTheirValues() async throws {
    let session = try await InProcessSession()
    let result = try await session.execute(
      """
      import dataclasses, enum
      class Color(enum.Enum):
          RED = "red"
      @dataclasses.dataclass
      class Plot:
          owner: str
          color: Color
      Plot("Ada", Color.RED)
      """)
    #expect(
      result.value
        == .record(
          .init(
            type: "Plot",
            fields: [.init(name: "owner", value: "Ada"), .init(name: "color", value: "red")])))
    await session.close()
  }

  enum Color: String, PythonCodable { case red, green }
  struct Plot: PythonCodable, Equatable {
    var owner: String
    var area: Double
    var color: Color
    var sold: Date?
    var tags: [String]
    var extra: [String: Int]
  }

  @Test func codableTypesConvertFromDictsAndDataclasses() async throws {
    let session = try await InProcessSession()
    let result = try await session.execute(
      """
      import dataclasses, datetime
      @dataclasses.dataclass
      class Plot:
          owner: str; area: float; color: str; sold: object; tags: list; extra: dict
      when = datetime.datetime(2024, 1, 2, 3, 4, 5, 250000, datetime.timezone(datetime.timedelta(hours=1)))
      plots = [Plot("Ada", 2, "red", when, ["a"], {"x": 1}),
               dict(owner="Bob", area=1.5, color="green", sold=None, tags=[], extra={})]
      """)
    try #require(result.exception == nil)
    let plots = try await session.value(of: "plots", as: [Plot].self)
    let sold = Date(timeIntervalSince1970: 1_704_161_045.25)
    #expect(
      plots == [
        Plot(owner: "Ada", area: 2, color: .red, sold: sold, tags: ["a"], extra: ["x": 1]),
        Plot(owner: "Bob", area: 1.5, color: .green, sold: nil, tags: [], extra: [:]),
      ])
    try await session.setValue(plots, for: "back")
    let check = try await session.execute(
      "(back[0]['sold'] == when, back[0]['color'], sorted(back[1]))")
    #expect(
      check.value == .tuple([true, "red", ["area", "color", "extra", "owner", "tags"]]))
    await session.close()
  }

  @Test(arguments: [
    (
      "{'rows': [{'price': 1}, {'price': 'n/a'}]}",
      #"value["rows"][1].price: expected Double, found str 'n/a'"#
    ),
    ("{'rows': [{}]}", #"value["rows"][0]: expected a field 'price', found none"#),
    ("{'rows': 3}", #"value["rows"]: expected [Row], found int 3"#),
  ])
  func aFailedConversionSaysWhereExpectedAndFound(code: String, message: String) async throws {
    struct Row: PythonCodable { var price: Double }
    let session = try await InProcessSession()
    try await session.execute("value = \(code)")
    await #expect {
      try await session.value(of: "value", as: [String: [Row]].self)
    } throws: { "\($0)" == message }
    await session.close()
  }

  @Test func failedConversionsNameTheSwiftType() async throws {
    enum Color: String, PythonCodable { case red }
    struct Row: PythonCodable {
      var color: Color
      var tags: [String]
    }
    let session = try await InProcessSession()
    func message<T: PythonDecodable & Sendable>(
      _ code: String, _ type: T.Type
    ) async throws -> String {
      try await session.execute("value = \(code)")
      // Directly, and through plain data as a worker's value comes.
      let plain = try await session.value(of: "value")
      let direct = await failure { _ = try await session.value(of: "value", as: type) }
      #expect(await failure { _ = try plain.as(type) } == direct)
      return direct
    }
    func failure(_ body: () async throws -> Void) async -> String {
      do {
        try await body()
        return "no error"
      } catch {
        return "\(error)"
      }
    }
    let messages = [
      try await message("[1, 'x']", [Int].self), try await message("{1: 2.5}", [Int: Int].self),
      try await message("[{'color': 'blue', 'tags': []}]", [Row].self),
      try await message("{'color': 'red', 'tags': ['a', 3]}", Row.self),
      try await message("(1, 2)", [String: Int].self), try await message("'no'", Bool?.self),
      try await message("2**70", Int.self), try await message("300", Int8.self),
      try await message("10**400", Double.self), try await message("1e300", Float.self),
      try await message("[{1}]", [Set<String>].self),
      try await message("''", URL.self), try await message("[1.5]", [Int].self),
      try await message("'" + String(repeating: "x", count: 100) + "'", Int.self),
    ]
    #expect(
      messages == [
        "value[1]: expected Int, found str 'x'", #"value["1"]: expected Int, found float 2.5"#,
        "value[0].color: expected Color, found str 'blue'",
        "value.tags[1]: expected String, found int 3",
        "value: expected [String: Int], found tuple (1, 2)",
        "value: expected Bool, found str 'no'",
        "value: expected Int, found int 1180591620717411303424, out of its range",
        "value: expected Int8, found int 300, out of its range",
        "value: expected Double, found int 1" + String(repeating: "0", count: 59)
          + "…, out of its range", "value: expected Float, found float 1e+300, out of its range",
        "value[0]: expected String, found int 1",
        "value: expected URL, found str ''", "value[0]: expected Int, found float 1.5",
        "value: expected Int, found str '" + String(repeating: "x", count: 59) + "…",
      ])
    await session.close()
  }

  @Test func foundationTypesRoundTrip() async throws {
    let session = try await InProcessSession()
    func roundTrip<T: PythonConvertible & Equatable>(_ value: T) async throws -> T {
      try await session.setValue(value, for: "x")
      return try await session.value(of: "x", as: T.self)
    }
    for seconds in [0, -1.5, 1e9 + 0.123456, -62_135_596_800, 253_402_300_799] {
      let date = Date(timeIntervalSince1970: seconds)
      let returned = try await roundTrip(date)
      #expect(abs(returned.timeIntervalSince(date)) < 1e-5)
    }
    let uuid = UUID()
    #expect(try await roundTrip(uuid) == uuid)
    #expect(try await roundTrip(Data([0, 255])) == Data([0, 255]))
    let decimal = try #require(Decimal(string: "-12345678901234567890.125"))
    #expect(try await roundTrip(decimal) == decimal)
    #expect(try await roundTrip(Duration.milliseconds(-1500)) == .milliseconds(-1500))
    let url = try #require(URL(string: "https://example.org/a?b=c"))
    #expect(try await roundTrip(url) == url)
    #expect(try await roundTrip(UInt64.max) == .max)
    #expect(try await roundTrip(Int8.min) == .min)
    await #expect(throws: PythonConversionError.self) {
      try await session.setValue(300, for: "x")
      _ = try await session.value(of: "x", as: UInt8.self)
    }
    await session.close()
  }

  @Test func directConversionsEqualThoseOfPlainData() async throws {
    let session = try await InProcessSession()
    try await session.execute(
      "ints = list(range(1000))\nfloats = [i / 7 for i in range(1000)]\n"
        + "mixed = [1, 2.5, True]\nnames = {'a': 1, 'b': 2}\nnested = [[1], [], [2, 3]]")
    let direct = try await session.run { python in
      (
        try python.value(of: "ints", as: [Int].self),
        try python.value(of: "floats", as: [Double].self),
        try python.value(of: "names", as: [String: Int].self),
        try python.value(of: "nested", as: [[Int]].self)
      )
    }
    #expect(direct.0 == Array(0..<1000))
    #expect(direct.1 == (0..<1000).map { Double($0) / 7 })
    #expect(direct.2 == ["a": 1, "b": 2])
    #expect(direct.3 == [[1], [], [2, 3]])
    await #expect {
      try await session.run { try $0.value(of: "mixed", as: [Double].self) }
    } throws: {
      "\($0)" == "value[2]: expected Double, found bool True"
    }
    await session.close()
  }

  @Test func arraysOfNumbersBecomeSwiftArrays() async throws {
    let session = try await InProcessSession()
    try await session.execute(
      """
      import array
      doubles, ints = array.array("d", [1.5, -2]), array.array("q", [3, 4])
      """)
    #expect(try await session.value(of: "doubles", as: [Double].self) == [1.5, -2])
    #expect(try await session.value(of: "ints", as: [Int].self) == [3, 4])
    let direct = try await session.run { python in
      (
        try python.value(of: "doubles", as: [Double].self),
        try python.value(of: "ints", as: [Int].self)
      )
    }
    #expect(direct.0 == [1.5, -2])
    #expect(direct.1 == [3, 4])
    await #expect(throws: PythonConversionError.self) {
      try await session.value(of: "doubles", as: [Int].self)
    }
    await session.close()
  }

  @Test(arguments: [
    ("1e16", "1e+16"), ("1e-5", "1e-05"), ("0.1", "0.1"), ("1e300", "1e+300"), ("-0.0", "-0.0"),
    ("123456789.125", "123456789.125"),
  ])
  func floatsPrintAsPythonPrintsThem(expression: String, text: String) async throws {
    let session = try await InProcessSession()
    let result = try await session.execute(expression)
    #expect(result.display == text)
    #expect(result.value?.description == text)
    await session.close()
  }

  @Test func bigIntegersPrintInDecimal() async throws {
    let session = try await InProcessSession()
    let result = try await session.execute("x = 7**300\n[x, -x, str(x)]")
    guard case .list(let values) = result.value, case .string(let digits) = values[2] else {
      Issue.record("unexpected value")
      return
    }
    #expect(values[0].description == digits)
    #expect(values[1].json == "-" + digits)
    await session.close()
  }

  /// Hostile bytes: whatever a worker sends, decoding returns or throws.
  @Test func malformedBytesAreRefusedNotTrusted() throws {
    var generator = SplitMix64(seed: 20)
    let whole = try PythonValue.list(Self.values.map(\.1)).encoded()
    for _ in 0..<20_000 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...8, using: &generator) {
        bytes[Int.random(in: bytes.indices, using: &generator)] = UInt8.random(
          in: .min ... .max, using: &generator)
      }
      bytes.removeLast(Int.random(in: 0..<bytes.count, using: &generator))
      _ = (try? PythonValue(decoding: bytes))?.description
    }
  }
}

/// A small generator with a seed, so that a failure can be repeated.
struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
