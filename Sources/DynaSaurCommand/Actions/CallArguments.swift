import ActionLibrary
import Foundation
import LanguageModels
import PythonRuntime

/// The arguments of `dynasaur actions call`.
struct CallArguments {
  var positional: [PythonValue]
  var keywords: [String: PythonValue]

  /// Reads them from JSON.
  ///
  /// - Throws: ``CommandFailure`` with `wrongUse`.
  init(args: String, kwargs: String) throws {
    guard let list = try Self.parse(args, option: "--args").array else {
      throw CommandFailure.wrongUse("--args must be a JSON array, such as '[1, \"two\"]'.")
    }
    guard let members = try Self.parse(kwargs, option: "--kwargs").members else {
      throw CommandFailure.wrongUse("--kwargs must be a JSON object, such as '{\"limit\": 3}'.")
    }
    positional = list.map(PythonValue.init)
    keywords = Dictionary(
      members.map { ($0.key, PythonValue($0.value)) }, uniquingKeysWith: { $1 })
  }

  private static func parse(_ text: String, option: String) throws -> JSONValue {
    do {
      return try JSONValue(parsing: Data(text.utf8))
    } catch {
      throw CommandFailure.wrongUse("\(option) is not JSON: \(error)")
    }
  }

  /// Finds out whether an action can be called with them at all, as Python would.
  ///
  /// - Throws: ``CommandFailure`` with `wrongUse`: these are the caller's mistakes, not the code's.
  func check(against action: Action) throws {
    func refuse(_ problem: String) -> CommandFailure {
      .wrongUse("\(action.name)\(action.signature) \(problem).")
    }
    var open = Set(keywords.keys)
    var left = positional.count
    var takesAnyKeyword = false
    for parameter in action.signature.parameters {
      switch parameter.kind {
      case .variadicPositional: left = 0
      case .variadicKeyword: takesAnyKeyword = true
      case .positionalOnly:
        if left > 0 {
          left -= 1
        } else if parameter.default == nil {
          throw refuse("lacks its argument \(parameter.name)")
        }
      case .positionalOrKeyword:
        let isNamed = open.remove(parameter.name) != nil
        if left > 0 {
          left -= 1
          if isNamed { throw refuse("got two values for \(parameter.name)") }
        } else if !isNamed, parameter.default == nil {
          throw refuse("lacks its argument \(parameter.name)")
        }
      case .keywordOnly:
        if open.remove(parameter.name) == nil, parameter.default == nil {
          throw refuse("lacks its argument \(parameter.name), which is passed by name")
        }
      }
    }
    if left > 0 { throw refuse("takes fewer arguments than the \(positional.count) it got") }
    if !takesAnyKeyword, let name = open.min() { throw refuse("has no parameter \(name)") }
  }
}

extension PythonValue {
  /// What JSON text stands for in Python.
  init(_ json: JSONValue) {
    switch json {
    case .null: self = .none
    case .bool(let flag): self = .bool(flag)
    case .integer(let number): self = .int(number)
    case .number(let number): self = .double(number)
    case .string(let text): self = .string(text)
    case .array(let values): self = .list(values.map(PythonValue.init))
    case .object(let members):
      self = .dictionary(
        members.map { Entry(key: .string($0.key), value: PythonValue($0.value)) })
    }
  }
}
