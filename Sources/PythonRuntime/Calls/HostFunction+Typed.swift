extension HostFunction {
  /// A typed Swift function.
  ///
  /// ```swift
  /// HostFunction(
  ///   "price", parameters: ["item", "currency = 'EUR'"], documentation: "Tell the price of an item."
  /// ) { (item: String, currency: String) async throws in
  ///   try await catalogue.price(of: item, in: currency)
  /// }
  /// ```
  ///
  /// Python sees `price(item: str, currency: str = 'EUR') -> float`, made of the parameters and the Swift
  /// types, and the docstring. The body may be synchronous or not: the Python code that called it waits,
  /// without holding up other sessions. It must not call back into the session, whose code waits for it.
  ///
  /// An argument that does not convert is a `TypeError` that names the parameter.
  ///
  /// - Parameters:
  ///   - parameters: A name for each parameter, with a default value as Python writes it if it has one.
  public init<each Argument: PythonDecodable, Result: PythonEncodable>(
    _ name: String, parameters: [String] = [], documentation: String,
    _ body: @escaping @Sendable (repeat each Argument) async throws -> Result
  ) {
    var types: [String] = []
    for argument in repeat (each Argument).self { types.append(argument.pythonTypeName) }
    let shape = FunctionShape(
      parameters, types: types, result: Result.pythonTypeName)
    self.init(name: name, signature: shape.signature, documentation: documentation) {
      var reader = PlainArgumentReader(arguments: $0, names: shape.names)
      let values = (repeat try reader.next(as: (each Argument).self))
      return try await body(repeat each values).pythonValue
    }
  }

  /// A typed Swift function without a result.
  public init<each Argument: PythonDecodable>(
    _ name: String, parameters: [String] = [], documentation: String,
    _ body: @escaping @Sendable (repeat each Argument) async throws -> Void
  ) {
    self.init(name, parameters: parameters, documentation: documentation) {
      (arguments: repeat each Argument) async throws -> Nothing in
      try await body(repeat each arguments)
      return Nothing()
    }
  }
}

/// How Python sees a typed Swift function.
struct FunctionShape {
  var names: [String] = []
  var signature: String

  /// - Parameters:
  ///   - parameters: names, some with a default: `limit = 10`.
  ///   - types: Python's names of their types.
  init(_ parameters: [String], types: [String], result: String) {
    precondition(
      types.count == parameters.count,
      "A typed Swift function has one name for each of its parameters: \(parameters)")
    var declarations: [String] = []
    for (parameter, type) in zip(parameters, types) {
      let parts = parameter.split(separator: "=", maxSplits: 1)
      let name = String(parts.first ?? "").trimmed
      names.append(name)
      declarations.append("\(name): \(type)" + (parts.count > 1 ? " =\(parts[1])" : ""))
    }
    signature = "(\(declarations.joined(separator: ", "))) -> \(result)"
  }
}

extension String {
  fileprivate var trimmed: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}

/// The arguments of a host function's call, taken one after the other.
struct PlainArgumentReader {
  var arguments: HostArguments
  var names: [String]
  private var index = 0

  init(arguments: HostArguments, names: [String]) {
    self.arguments = arguments
    self.names = names
  }

  mutating func next<T: PythonDecodable>(as type: T.Type) throws -> T {
    defer { index += 1 }
    return try arguments.value(names[index])
  }
}

/// The result of a function that has none.
struct Nothing: PythonEncodable, Sendable {
  static var pythonTypeName: String { "None" }
  var pythonValue: PythonValue { .none }
}
