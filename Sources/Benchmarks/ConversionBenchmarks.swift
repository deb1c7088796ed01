import CBaselines
import PythonRuntime

/// Values between Swift and Python against C and memcpy.
enum ConversionBenchmarks {
  static func run(
    _ session: InProcessSession, _ report: inout Report
  ) async throws {
    let count = 1_000_000
    try await session.execute(
      """
      import array
      floats = [i / 7 for i in range(\(count))]
      buffer = array.array("d", floats)
      names = {f"name{i}": i for i in range(1000)}
      """)
    var c = Samples()
    var list = Samples()
    var memcpy = Samples()
    var buffer = Samples()
    var dictionary = Samples()
    var toListInC = Samples()
    var toList = Samples()
    var view = Samples()
    let numbers = (0..<count).map { Double($0) / 7 }
    for _ in 0..<21 {
      let times = try await session.run { python in
        let values = try python.value(of: "floats", as: BorrowedObject.self)
        let (first, read) = timed {
          let target = UnsafeMutablePointer<Double>.allocate(capacity: count)
          defer { target.deallocate() }
          return baseline_read_floats(values.pointer, target, count)
        }
        precondition(read == count)
        let (second, doubles) = try timed { try python.value(of: "floats", as: [Double].self) }
        precondition(doubles.count == count)
        let third = try python.withElements(of: "buffer", as: Double.self) { elements in
          elements.withUnsafeBytes { source in
            timed {
              let target = UnsafeMutableRawPointer.allocate(byteCount: source.count, alignment: 16)
              if let bytes = source.baseAddress {
                target.copyMemory(from: bytes, byteCount: source.count)
              }
              target.deallocate()
            }.0
          }
        }
        let (fourth, copied) = try timed { try python.value(of: "buffer", as: [Double].self) }
        precondition(copied.count == count)
        let (fifth, names) = try timed { try python.value(of: "names", as: [String: Int].self) }
        precondition(names.count == 1000)
        let (sixth, _) = numbers.withUnsafeBufferPointer { values in
          timed {
            baseline_release(values.baseAddress.flatMap { baseline_new_float_list($0, count) })
          }
        }
        let (seventh, _) = try timed { _ = try python.object(of: numbers) }
        let (eighth, _) = try timed {
          for _ in 0..<1000 {
            _ = try python.withElements(of: "buffer", as: Double.self) { $0.count }
          }
        }
        return [first, second, third, fourth, fifth, sixth, seventh, eighth]
      }
      c.append(times[0], operations: 1)
      list.append(times[1], operations: 1)
      memcpy.append(times[2], operations: 1)
      buffer.append(times[3], operations: 1)
      dictionary.append(times[4], operations: 1)
      toListInC.append(times[5], operations: 1)
      toList.append(times[6], operations: 1)
      view.append(times[7], operations: 1000)
    }
    report.add(BenchmarkRow("runtime", "list of 1e6 floats read in C", c, in: .milliseconds))
    report.add(
      BenchmarkRow(
        "runtime", "list of 1e6 floats to [Double]", list, in: .milliseconds, against: ("C", c),
        limit: 1.3))
    report.add(
      BenchmarkRow("runtime", "list of 1e6 floats made in C", toListInC, in: .milliseconds))
    report.add(
      BenchmarkRow(
        "runtime", "[Double] of 1e6 to a list", toList, in: .milliseconds, against: ("C", toListInC)
      ))
    report.add(BenchmarkRow("runtime", "view of an array's elements", view, in: .nanoseconds))
    report.add(
      BenchmarkRow("runtime", "8 MB copied to a new buffer", memcpy, in: .milliseconds))
    report.add(
      BenchmarkRow(
        "runtime", "array of 1e6 doubles to [Double]", buffer, in: .milliseconds,
        against: ("memcpy to a new buffer", memcpy), limit: 1.2))
    report.add(
      BenchmarkRow("runtime", "dict of 1000 to [String: Int]", dictionary, in: .microseconds))
  }
}

/// An object as C sees it; valid while the session's variable holds it.
private struct BorrowedObject: PythonDecodable, @unchecked Sendable {
  static var pythonTypeName: String { "object" }
  let pointer: OpaquePointer
  init(pythonObject: UnmanagedPythonObject) { pointer = pythonObject.pointer }
  init(pythonValue: PythonValue) throws {
    throw PythonConversionError(expected: "an object of this process", found: "plain data")
  }
}
