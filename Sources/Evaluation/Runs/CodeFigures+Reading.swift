import DynaSaur
import Foundation
import PythonRuntime

extension CodeFigures: PythonCodable {}

extension CodeFigures {
  /// The figures of a trajectory's code, which is read (not run) in a session.
  ///
  /// - Parameter session: A confined one: the code is a model's, and can be made to break a parser.
  public init(of trajectory: Trajectory, in session: any Session) async throws {
    let steps = trajectory.steps.filter { !$0.code.isEmpty }
    let loaded = steps.map { step in
      trajectory.loads.filter { $0.step == step.number }.flatMap { $0.actions.map(\.name) }
    }
    func list(_ texts: [String]) -> PythonValue { .list(texts.map(PythonValue.string)) }
    let answer = try await session.call(
      "dynasaur_evaluation.code_figures:figures",
      arguments: [
        list(steps.map(\.code)), .list(loaded.map(list)),
        list(Self.initialNames(in: trajectory.start.systemPrompt)),
      ], keywordArguments: [:], deadline: .seconds(30))
    self = try answer.as(CodeFigures.self)
  }

  /// The names of the functions that the instructions list, a line each: `- name(parameters) …`.
  static func initialNames(in instructions: String) -> [String] {
    instructions.split(separator: "\n").compactMap { line in
      guard line.hasPrefix("- "), let bracket = line.firstIndex(of: "(") else { return nil }
      let name = line[line.index(line.startIndex, offsetBy: 2)..<bracket]
      let isName = !name.isEmpty && name.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
      return isName ? String(name) : nil
    }
  }
}
