import Foundation
import PythonRuntime

/// A call and what it gives: `("3 May 2024")` → `"2024-05-03"`.
public struct ExampleQuery: Sendable, Hashable {
  public var arguments: [PythonValue]
  public var keywordArguments: [String: PythonValue]
  public var result: PythonValue
  /// What the action does, in words: those that fit best are tried first. May be empty.
  public var text: String
  /// The most results.
  public var limit: Int
  public var filter: SearchFilter
  /// The most actions that are tried.
  public var attempts: Int
  /// How long one call may take.
  public var callDeadline: Duration
  /// How long the whole search may take; what was found by then is the answer.
  public var deadline: Duration

  public init(
    arguments: [PythonValue], keywordArguments: [String: PythonValue] = [:], result: PythonValue,
    text: String = "", limit: Int = 10, filter: SearchFilter = SearchFilter(),
    attempts: Int = 200, callDeadline: Duration = .seconds(2), deadline: Duration = .seconds(60)
  ) {
    self.arguments = arguments
    self.keywordArguments = keywordArguments
    self.result = result
    self.text = text
    self.limit = limit
    self.filter = filter
    self.attempts = attempts
    self.callDeadline = callDeadline
    self.deadline = deadline
  }
}

/// What became of a search by example.
public struct ExampleAnswer: Sendable {
  /// The actions that gave the result, in the order in which they were tried.
  public var actions: [Action]
  /// How many were tried.
  public var tried: Int
  /// How many would have taken the arguments.
  public var possible: Int
}

extension Library {
  /// The actions that give a result when they are called with given arguments. They are run: open a
  /// confined session for them.
  ///
  /// - Parameters:
  ///   - openSession: Opens a session; called again when an action has cost one.
  ///   - progress: Is told how many actions were tried, of how many.
  /// - Throws: ``LibraryError``, what `openSession` throws, `CancellationError`.
  public func search(
    _ query: ExampleQuery, openSession: @Sendable () async throws -> any Session,
    progress: (_ tried: Int, _ total: Int) -> Void = { _, _ in }
  ) async throws -> ExampleAnswer {
    let possible = try await possibleActions(query)
    let candidates = possible.prefix(query.attempts)
    var answer = ExampleAnswer(actions: [], tried: 0, possible: possible.count)
    let end = ContinuousClock.now + query.deadline
    var session: (any Session)?
    do {
      for action in candidates where answer.actions.count < query.limit {
        try Task.checkCancellation()
        if ContinuousClock.now > end { break }
        let open: any Session
        if let session { open = session } else { open = try await openSession() }
        session = open
        let (gives, survives) = try await gives(action, query, open)
        if gives { answer.actions.append(action) }
        if !survives {
          await open.close()
          session = nil
        }
        answer.tried += 1
        progress(answer.tried, candidates.count)
      }
    } catch {
      await session?.close()
      throw error
    }
    await session?.close()
    return answer
  }

  /// What takes the arguments and may give the result, as far as hints tell it.
  private func possibleActions(_ query: ExampleQuery) async throws -> [Action] {
    var actions: [Action]
    if query.text.contains(where: { !$0.isWhitespace }) {
      let limit = max(query.attempts * 5, 1_000)
      actions = try await search(ActionQuery(query.text, limit: limit, filter: query.filter))
        .actions.map(\.action)
    } else {
      actions = try await all(statuses: query.filter.statuses).filter(query.filter.allows)
      // What was of use before is the likelier one.
      actions.sort { ($1.usage.calls, $0.name) < ($0.usage.calls, $1.name) }
    }
    return actions.filter { action in
      action.signature.accepts(query.arguments, query.keywordArguments)
        && ExampleMatch.mayBe(query.result, action.signature.returns)
    }
  }

  /// Whether the action gives the result, and whether the session can be used again.
  private func gives(_ action: Action, _ query: ExampleQuery, _ session: any Session) async throws
    -> (gives: Bool, survives: Bool)
  {
    do {
      try await load([action], into: session)
      let value = try await session.call(
        action.name, arguments: query.arguments, keywordArguments: query.keywordArguments,
        deadline: query.callDeadline)
      return (ExampleMatch.equals(value, query.result), true)
    } catch let error as CancellationError {
      throw error
    } catch let error as RuntimeError {
      // Past its deadline, or lost with its session.
      let isUsable = (try? await session.value(of: "__name__")) != nil
      return (false, error.code == .deadlineExceeded && isUsable)
    } catch {
      return (false, true)
    }
  }
}

/// Compares values with an example's.
enum ExampleMatch {
  /// As a person would: 1 is 1.0, a tuple is its list, floats agree to 9 digits, an order among keys
  /// or members does not matter.
  static func equals(_ first: PythonValue, _ second: PythonValue) -> Bool {
    switch (first, second) {
    case (.list(let a), .list(let b)), (.list(let a), .tuple(let b)), (.tuple(let a), .list(let b)),
      (.tuple(let a), .tuple(let b)):
      return a.count == b.count && zip(a, b).allSatisfy(equals)
    case (.set(let a), .list(let b)), (.frozenSet(let a), .list(let b)):
      return a.count == b.count && b.allSatisfy { item in a.contains { equals($0, item) } }
    case (.dictionary(let a), .dictionary(let b)):
      return a.count == b.count
        && b.allSatisfy { entry in
          a.contains { equals($0.key, entry.key) && equals($0.value, entry.value) }
        }
    default:
      if let a = number(first), let b = number(second) {
        return a == b || (a.isNaN && b.isNaN) || abs(a - b) <= 1e-9 * max(abs(a), abs(b))
      }
      return first == second
    }
  }

  private static func number(_ value: PythonValue) -> Double? {
    switch value {
    case .int(let number): Double(number)
    case .double(let number): number
    default: nil
    }
  }

  /// False if a type hint rules the value out.
  static func mayBe(_ value: PythonValue, _ annotation: String?) -> Bool {
    guard let annotation, let hint = kind(of: annotation) else { return true }
    switch value {
    case .bool: return ["bool", "int", "float"].contains(hint)
    case .int, .bigInt: return ["int", "float", "complex"].contains(hint)
    case .double: return ["float", "complex"].contains(hint)
    case .string: return ["str", "Path"].contains(hint)
    case .list, .tuple, .set, .frozenSet: return ["list", "tuple", "set"].contains(hint)
    case .dictionary: return hint == "dict"
    case .none: return hint == "None"
    default: return true
    }
  }

  /// The builtin type that a hint names outright; nil if it leaves room.
  private static func kind(of annotation: String) -> String? {
    let base = annotation.prefix { $0 != "[" }.trimmingCharacters(in: .whitespaces)
    if annotation.contains("|") { return nil }
    switch base {
    case "List": return "list"
    case "Dict": return "dict"
    case "Tuple": return "tuple"
    case "Set", "frozenset": return "set"
    case "bool", "int", "float", "complex", "str", "list", "tuple", "set", "dict", "None":
      return base
    default: return nil
    }
  }
}

extension ActionSignature {
  /// Whether a call with such arguments binds, and no hint rules one out.
  func accepts(_ arguments: [PythonValue], _ keywords: [String: PythonValue]) -> Bool {
    var left = arguments[...]
    var open = keywords
    for parameter in parameters {
      switch parameter.kind {
      case .variadicPositional: left = []
      case .variadicKeyword: open = [:]
      case .positionalOnly, .positionalOrKeyword, .keywordOnly:
        if parameter.kind != .keywordOnly, let value = left.popFirst() {
          guard ExampleMatch.mayBe(value, parameter.annotation), open[parameter.name] == nil else {
            return false
          }
        } else if parameter.kind != .positionalOnly,
          let value = open.removeValue(forKey: parameter.name)
        {
          guard ExampleMatch.mayBe(value, parameter.annotation) else { return false }
        } else if parameter.default == nil {
          return false
        }
      }
    }
    return left.isEmpty && open.isEmpty
  }
}
