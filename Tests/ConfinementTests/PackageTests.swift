import Foundation
import LoopbackServers
import PythonRuntime
import Testing

/// What agents use most works confined, and what numpy can do to memory stays in the worker.
@Suite(
  .enabled(if: TestEnvironment.folder != nil, "needs a Python environment with the packages"))
struct PackageTests {
  private func run(
    _ code: String, policy: WorkerPolicy = .offline
  ) async throws -> ExecutionResult {
    let session = try await WorkerSession(
      options: .init(policy: policy, virtualEnvironment: TestEnvironment.folder))
    let result = try await session.execute(code, deadline: .seconds(120))
    await session.close()
    return result
  }

  /// Without its package a test is told to be skipped.
  private static func has(_ package: String) -> ConditionTrait {
    .enabled(if: TestEnvironment.has(package), "needs \(package): run `make setup`")
  }

  static let programs: [(package: String, code: String, value: PythonValue)] = [
    ("numpy", "import numpy as np; float((np.eye(300) @ np.ones((300, 300))).sum())", 90000.0),
    (
      "pandas",
      """
      import pandas as pd
      pd.DataFrame({'a': [1, 2, 3]}).to_csv('t.csv', index=False)
      int(pd.read_csv('t.csv')['a'].sum())
      """, 6
    ),
    (
      "openpyxl",
      """
      import openpyxl
      book = openpyxl.Workbook(); book.active['A1'] = 5; book.save('b.xlsx')
      openpyxl.load_workbook('b.xlsx').active['A1'].value
      """, 5
    ),
    ("lxml", "from lxml import etree; etree.fromstring('<a><b/></a>')[0].tag", "b"),
  ]

  @Test(has("pandas"), has("openpyxl"), has("lxml"), arguments: programs)
  func packagesWorkConfined(_ package: String, _ code: String, _ value: PythonValue) async throws {
    let result = try await run(code)
    #expect(result.exception == nil, "\(result.exception?.traceback ?? "")")
    #expect(result.value == value)
  }

  @Test(has("matplotlib")) func figuresBecomeImages() async throws {
    let result = try await run("import matplotlib.pyplot as plt; _ = plt.plot([1, 2])")
    #expect(result.exception == nil, "\(result.exception?.traceback ?? "")")
    #expect(result.images.count == 1)
    #expect(result.images.first?.bytes.starts(with: [0x89, 0x50, 0x4e, 0x47]) == true)
  }

  @Test(has("requests")) func requestsGoThroughTheProxy() async throws {
    let server = try LoopbackServer(.response(text: "by requests"))
    let policy = WorkerPolicy(name: "test", network: .hosts(["localhost:\(server.port)"]))
    let result = try await run(
      "import requests; requests.get('http://localhost:\(server.port)/', timeout=20).text",
      policy: policy)
    #expect(result.value == "by requests", "\(result.exception?.traceback ?? "")")
  }

  @Test func memoryOfArraysCounts() async throws {
    var policy = WorkerPolicy.offline
    policy.memoryLimit = 1 << 30
    let result = try await run("import numpy; numpy.ones(1 << 30, dtype='u1')", policy: policy)
    #expect(result.exception?.type.hasSuffix("MemoryError") == true)
  }

  @Test func arrayOverForeignMemoryHitsTheWorkerOnly() async throws {
    let session = try await WorkerSession(
      options: .init(virtualEnvironment: TestEnvironment.folder))
    try await session.execute(
      """
      import numpy
      class Fake:
          __array_interface__ = dict(
              shape=(1 << 20,), typestr='|u1', data=(0x7f0000000000, False), version=3)
      numpy.array(numpy.asarray(Fake()))
      """)
    #expect(try await session.execute("1 + 1").value == 2)
    await session.close()
  }

  @Test func sessionsDrawDifferentNumbersOfNumpy() async throws {
    let code = "import numpy; float(numpy.random.random())"
    let (first, second) = (try await run(code), try await run(code))
    #expect(first.value != nil && first.value != second.value)
  }
}
