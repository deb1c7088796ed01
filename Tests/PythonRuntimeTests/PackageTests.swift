import Foundation
import Testing

@testable import PythonRuntime

/// Packages of the virtual environment that `DYNASAUR_VENV` names; `make test` sets it.
@Suite(
  .enabled(
    if: ProcessInfo.processInfo.environment["DYNASAUR_VENV"]?.isEmpty == false,
    "DYNASAUR_VENV names no environment with packages: run make test"))
struct PackageTests {
  @Test func packagesWorkInTwoSessionsOfOneProcess() async throws {
    let code = """
      import io, numpy, pandas, openpyxl, lxml.etree
      frame = pandas.DataFrame({"a": numpy.arange(3), "b": [1.5, 2.5, 3.5]})
      workbook = openpyxl.Workbook()
      workbook.active["A1"] = "x"
      file = io.BytesIO()
      workbook.save(file)
      again = openpyxl.load_workbook(io.BytesIO(file.getvalue())).active["A1"].value
      tree = lxml.etree.fromstring("<a><b>1</b></a>")
      (int(frame.a.sum()), float(frame.b.mean()), again, tree.findtext("b"))
      """
    for _ in 0..<2 {
      let session = try await InProcessSession()
      let result = try await session.execute(code)
      #expect(result.exception == nil)
      #expect(result.value == .tuple([3, 2.5, "x", "1"]))
      await session.close()
    }
  }

  @Test func numpyArraysCrossInBothDirections() async throws {
    let session = try await InProcessSession()
    try await session.execute(
      """
      import numpy as np
      matrix = np.arange(6, dtype=np.float64).reshape(2, 3)
      strided = np.arange(10)[::2]
      scalar = np.float32(1.5)
      number = np.int64(7)
      flags = np.array([True, False])
      words = np.array(["a", "bc"])
      objects = np.array([object()])
      empty = np.zeros((0, 3))
      """)
    #expect(
      try await session.value(of: "matrix")
        == .array(
          PythonArray(
            format: "d", shape: [2, 3],
            bytes: [0.0, 1, 2, 3, 4, 5].flatMap { (number: Double) in
              withUnsafeBytes(of: number) { Array($0) }
            })))
    #expect(try await session.value(of: "strided", as: [Int].self) == [0, 2, 4, 6, 8])
    #expect(try await session.value(of: "scalar") == 1.5)
    #expect(try await session.value(of: "number") == 7)
    #expect(try await session.value(of: "flags", as: [Bool].self) == [true, false])
    guard case .object = try await session.value(of: "objects") else {
      Issue.record("an array of objects was told as data")
      return
    }
    for name in ["matrix", "strided", "flags", "words", "empty"] {
      let value = try await session.value(of: name)
      try await session.setValue(value, for: "returned")
      let same = try await session.execute(
        "returned.dtype == \(name).dtype and returned.shape == \(name).shape and bool((returned == \(name)).all())"
      )
      #expect(same.value == true, "\(name)")
    }
    await session.close()
  }

  @Test func arraysBecomeTheSwiftArraysThatHoldThem() async throws {
    let session = try await InProcessSession()
    try await session.execute(
      """
      import numpy as np
      def values(dtype, *items): return np.array(items, dtype=dtype)
      matrix = np.arange(6.0).reshape(2, 3)
      cube = np.arange(8, dtype=np.int32).reshape(2, 2, 2)
      integers, small, unsigned = np.arange(3), values("f4", 0.5, 2), values("u1", 1, 255)
      words, mixed = values(str, "a", "é☃", ""), [np.int64(1), np.float32(0.5), 2]
      scalars = [np.int16(3), np.bool_(True), np.str_("x")]
      big, columns = values("u8", 2**64 - 1), np.asfortranarray(np.arange(6.0).reshape(2, 3))
      """)
    #expect(try await session.value(of: "matrix", as: [[Double]].self) == [[0, 1, 2], [3, 4, 5]])
    #expect(
      try await session.value(of: "columns", as: [[Double]].self) == [[0, 1, 2], [3, 4, 5]])
    #expect(
      try await session.value(of: "cube", as: [[[Int]]].self) == [
        [[0, 1], [2, 3]], [[4, 5], [6, 7]],
      ])
    #expect(try await session.value(of: "integers", as: [Double].self) == [0, 1, 2])
    #expect(try await session.value(of: "small", as: [Double].self) == [0.5, 2])
    #expect(try await session.value(of: "unsigned", as: [Int].self) == [1, 255])
    #expect(try await session.value(of: "words", as: [String].self) == ["a", "é☃", ""])
    #expect(try await session.value(of: "mixed", as: [Double].self) == [1, 0.5, 2])
    #expect(
      try await session.run { python in
        [
          try python.evaluate("int(scalars[0])", as: Int.self),
          try python.evaluate("scalars[0]", as: Int.self),
          try python.evaluate("scalars[1]", as: Bool.self) ? 1 : 0,
          try python.evaluate("scalars[2]", as: String.self).count,
        ]
      } == [3, 3, 1, 1])
    for (name, type, message) in [
      (
        "matrix", [Double].self,
        "value: expected [Double], found array of format 'd' and shape [2, 3]"
      ),
      ("small", [Int].self, "value: expected [Int], found array of format 'f' and shape [2]"),
      (
        "big", [Int].self,
        "value[0]: expected Int, found int 18446744073709551615, out of its range"
      ),
    ] as [(String, any (PythonDecodable & Sendable).Type, String)] {
      func read<T: PythonDecodable & Sendable>(_: T.Type) async throws {
        _ = try await session.value(of: name, as: T.self)
      }
      await #expect { try await read(type) } throws: { "\($0)" == message }
    }
    await session.close()
  }

  @Test func swiftArraysArePassedToFunctionsThatTakeNumpys() async throws {
    let session = try await InProcessSession()
    try await session.execute(
      """
      import numpy as np
      def total(x: np.ndarray) -> float: return float(x.sum())
      def double(x):
          x *= 2
          return x
      """)
    let total = try await session.function("total", as: PythonFunction<[Double], Double>.self)
    #expect(try await total([1, 2.5]) == 3.5)
    let double = try await session.function(
      "double", as: PythonFunction<PythonArray, PythonArray>.self)
    let matrix = PythonArray([1, 2, 3, 4] as [Int], shape: [2, 2])
    let doubled = try await double(matrix)
    #expect(doubled.shape == [2, 2])
    #expect(try doubled.elements(as: Int.self) == [2, 4, 6, 8])
    let inPlace = try await session.function(
      "double", as: PythonFunction<SharedArray<Double>, [Double]>.self)
    let shared = SharedArray([1.5, 2])
    #expect(try await inPlace(shared) == [3, 4])
    #expect(try await session.run { shared.elements($0) } == [3, 4])
    try await session.execute("values = np.arange(4.0)")
    try await session.run { python in
      try python.withMutableElements(of: "values", as: Double.self) { elements in
        for index in elements.indices { elements[index] += 0.5 }
      }
    }
    #expect(try await session.value(of: "values", as: [Double].self) == [0.5, 1.5, 2.5, 3.5])
    await #expect {
      try await session.run { try $0.withMutableElements(of: "frozen", as: UInt8.self) { _ in } }
    } throws: {
      ($0 as? RuntimeError)?.code == .nameNotFound
    }
    try await session.execute("frozen = b'ab'")
    await #expect(throws: PythonConversionError.self) {
      try await session.run { try $0.withMutableElements(of: "frozen", as: UInt8.self) { _ in } }
    }
    await session.close()
  }

  @Test func memoryIsSharedWithNumpyWithoutACopy() async throws {
    let session = try await InProcessSession()
    let shared = SharedArray([1.0, 2, 3])
    try await session.run { try $0.share(shared, as: "shared") }
    let result = try await session.execute(
      "import numpy as np\nshared *= 2\ntype(shared) is np.ndarray, float(shared.sum())")
    #expect(result.value == .tuple([true, 12.0]))
    #expect(try await session.run { shared.elements($0) } == [2, 4, 6])
    let sum = try await session.run { python in
      try python.withElements(of: "shared", as: Double.self) { $0[0] + $0[2] }
    }
    #expect(sum == 8)
    await session.close()
  }

  @Test func figuresAndPicturesAreImages() async throws {
    let session = try await InProcessSession()
    let figure = try await session.execute(
      "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.title('t');")
    #expect(figure.images.map(\.mediaType) == ["image/png"])
    #expect(figure.images.first?.bytes.prefix(4) == [0x89, 0x50, 0x4E, 0x47])
    let nothing = try await session.execute("x = 1")
    #expect(nothing.images.isEmpty)
    let picture = try await session.execute("from PIL import Image\nImage.new('RGB', (2, 2))")
    #expect(picture.images.count == 1)
    let rare = try await session.execute("Image.new('CMYK', (2, 2))")
    #expect(rare.images.count == 1)
    let own = try await session.execute(
      "from matplotlib.figure import Figure\nf = Figure()\nf.subplots().plot([1, 2])\nf")
    #expect(own.images.count == 1)
    let once = try await session.execute("f = plt.figure()\nf")
    #expect(once.images.count == 1)
    let shown = try await session.execute("plt.plot([3, 4])\nplt.show()")
    #expect(shown.images.count == 1)
    #expect(shown.errorOutput == "")
    await session.close()
  }

  @Test func figuresBelongToTheSessionThatMadeThem() async throws {
    let session = try await InProcessSession()
    let other = try await InProcessSession()
    // Another session ends a step while this one's figure is open.
    try await session.define("meanwhile", parameters: []) { () async throws in
      try await other.execute("1").images.count
    }
    let result = try await session.execute(
      "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nmeanwhile()")
    #expect(result.value == 0)
    #expect(result.images.count == 1)
    await session.close()
    await other.close()
  }

  @Test func warningsAreErrorOutputWithTheirLine() async throws {
    let session = try await InProcessSession()
    let result = try await session.execute("import warnings\nwarnings.warn('careful')")
    #expect(result.errorOutput.contains("step 1>:2: UserWarning: careful"))
    // Not only the first time: it is another step's line.
    let again = try await session.execute("\nwarnings.warn('careful')")
    #expect(again.errorOutput.contains("step 2>:2: UserWarning: careful"))
    await session.close()
  }
}
