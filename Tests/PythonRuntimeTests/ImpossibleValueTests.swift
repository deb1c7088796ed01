import Foundation
import Testing

@testable import PythonRuntime

/// Swift values that no Python value stands for, and parts of plain data that fit nothing: errors, in both
/// directions.
@Suite struct ImpossibleValueTests {
  @Test(
    arguments: [
      .uuid([1, 2]), .uuid([]), .list([.uuid(Array(repeating: 0, count: 17)), 1]),
      .array(PythonArray(format: String(repeating: "d", count: 300), shape: [1], bytes: [0])),
      .array(PythonArray(format: "d", shape: Array(repeating: 1, count: 300), bytes: [0])),
      .array(PythonArray(format: "d", shape: [2], bytes: [0])),
      .array(PythonArray(format: "?!", shape: [1], bytes: [0])),
      .array(PythonArray(format: "d", shape: [Int.max, Int.max], bytes: [])),
      .array(PythonArray(format: "d", shape: [-1], bytes: [])),
      .date(.init(year: 0, month: 1, day: 1)), .date(.init(year: 2025, month: 2, day: 30)),
      .date(.init(year: .max, month: .min, day: .max)), .time(.init(hour: 24, minute: 0)),
      .time(.init(hour: .max, minute: .min, second: .max, microsecond: .max, offset: .min)),
      .duration(.init(days: .max, seconds: 0, microseconds: 0)), .decimal("not a number"),
      .dictionary([.init(key: [], value: 1)]), .set([[1]]),
      .object(.init(type: "x", repr: "x")),
    ] as [PythonValue])
  func cannotBePassedToPython(value: PythonValue) async throws {
    let session = try await InProcessSession()
    await #expect(throws: (any Error).self) { try await session.setValue(value, for: "x") }
    await #expect(throws: (any Error).self) {
      try await session.run { try $0.setValue(value, for: "x") }
    }
    #expect(try await session.variableNames() == [])
    #expect(try await session.execute("1 + 1").value == 2)
    await session.close()
  }

  @Test func durationsAndDatesOutOfRangeAreErrors() async throws {
    for duration in [Duration.seconds(Int64.max), .seconds(Int64.min), .seconds(1e14)] {
      #expect(throws: PythonConversionError.self) { try duration.pythonValue }
      #expect(throws: PythonConversionError.self) { try (duration + duration).pythonValue }
    }
    for delta in [(Int.max, 0), (0, Int.min)] {
      let value = PythonValue.duration(.init(days: delta.0, seconds: delta.1, microseconds: 0))
      #expect(throws: PythonConversionError.self) { try value.as(Duration.self) }
    }
    let time = PythonValue.ClockTime(hour: .max, minute: 0, offset: .max)
    let date = PythonValue.CalendarDate(year: .max, month: 1, day: 1)
    #expect(throws: PythonConversionError.self) {
      try PythonValue.dateTime(date, time).as(Date.self)
    }
    for seconds in [Double.infinity, .nan, 1e15, -1e15] {
      #expect(throws: PythonConversionError.self) {
        try Date(timeIntervalSince1970: seconds).pythonValue
      }
    }
  }

  /// A structure that holds others of its kind.
  private final class Node: PythonCodable {
    let children: [Node]
    init(children: [Node]) { self.children = children }
  }

  @Test func structuresThatNestTooDeepAreErrors() throws {
    var node = Node(children: [])
    for _ in 0..<50 { node = Node(children: [node]) }
    #expect(try Node(pythonValue: try node.pythonValue).children.count == 1)
    for _ in 0..<1000 { node = Node(children: [node]) }
    #expect {
      try node.pythonValue
    } throws: {
      "\($0)".hasSuffix("expected a value of at most 200 levels, found one that nests deeper")
    }
  }
}
