/// A Swift function that Python code can call.
///
/// Python sees a function with the signature and the docstring that are given here. An error that
/// `body` throws becomes a Python exception (`SwiftError`), which Python code may catch; if it does
/// not, the caller of the Python code gets the same Swift error back.
public struct HostFunction: Sendable {
  /// Its name in Python.
  public var name: String
  /// Its parameters and result as Python writes them: `(query: str, limit: int = 10) -> list[str]`.
  public var signature: String
  /// Its docstring.
  public var documentation: String
  /// What it does. The Python code that called it waits, without holding up other sessions.
  public var body: @Sendable (HostArguments) async throws -> PythonValue

  /// A function whose signature is known only when the program runs, as those of another system's tools
  /// are. Otherwise, take the typed ``init(_:parameters:documentation:_:)``, which makes it.
  public init(
    name: String, signature: String, documentation: String,
    body: @escaping @Sendable (HostArguments) async throws -> PythonValue
  ) {
    self.name = name
    self.signature = signature
    self.documentation = documentation
    self.body = body
  }
}

/// The arguments of one call of a host function, bound to its parameters, defaults included.
public struct HostArguments: Sendable {
  private let values: [PythonValue]
  private let names: [String]

  init(names: [String], values: [PythonValue]) {
    self.names = names
    self.values = values
  }

  /// The arguments in the order of the parameters.
  package var all: [PythonValue] { values }

  /// The argument of a parameter; `*args` is a tuple, `**kwargs` a dict.
  ///
  /// A name that the signature does not have is a programming error.
  public subscript(name: String) -> PythonValue {
    guard let index = names.firstIndex(of: name), values.indices.contains(index) else {
      preconditionFailure("The host function's signature has no parameter '\(name)'.")
    }
    return values[index]
  }

  /// The argument of a parameter as a Swift type.
  ///
  /// - Throws: ``PythonConversionError``, which Python code sees as an exception.
  public func value<T: PythonDecodable>(_ name: String, as type: T.Type = T.self) throws -> T {
    do {
      return try self[name].as(type)
    } catch let error as PythonConversionError {
      throw error.ofArgument(name)
    }
  }
}

/// The Swift errors that crossed into Python and may come back, by number.
///
/// Bounded: an exception that Python code keeps and raises again after a thousand others comes out as
/// a ``PythonException``.
package final class HostErrors: Sendable {
  private struct State {
    var next = 1
    var errors: [Int: any Error] = [:]
  }
  private let state = Lock(State())
  private let capacity = 1000

  func insert(_ error: any Error) -> Int {
    state.withLock { state in
      let number = state.next
      state.next += 1
      state.errors[number] = error
      state.errors[number - capacity] = nil
      return number
    }
  }

  subscript(number: Int) -> (any Error)? { state.withLock { $0.errors[number] } }
}
