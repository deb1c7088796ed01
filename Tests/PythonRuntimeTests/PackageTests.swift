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
    await session.close()
  }

  @Test func warningsAreErrorOutputWithTheirLine() async throws {
    let session = try await InProcessSession()
    let result = try await session.execute("import warnings\nwarnings.warn('careful')")
    #expect(result.errorOutput.contains("step 1>:2: UserWarning: careful"))
    await session.close()
  }
}
