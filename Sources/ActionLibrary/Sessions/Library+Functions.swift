import Foundation
import PythonRuntime

extension Library {
  /// An action as a typed Swift function.
  ///
  /// ```swift
  /// let session = try await InProcessSession()
  /// let mean = try await library.function(
  ///   "mean", as: PythonFunction<([Double]), Double>.self, in: session)
  /// let two = try await mean([1, 2, 3])
  /// ```
  ///
  /// The action is imported into the session from its stored source, with what it calls; no variable of
  /// the session gets its name. Its signature is compared with the Swift type. Each call is counted
  /// once, within a fraction of a second.
  ///
  /// - Parameters:
  ///   - version: which version; nil means the newest accepted one.
  ///   - keywords: names of parameters that the last of the arguments are passed to by name.
  ///   - allowingUntrusted: whether an action that no person trusts may run in this process.
  /// - Throws: ``LibraryError``: `unknownAction` (or no such version), `unavailableAction` (retired,
  ///   quarantined), `untrustedAction`, `changedAction` (its source is not what its hash stands for),
  ///   `signatureMismatch`; what the import raises; `RuntimeError`.
  public func function<each Argument: PythonTyped, Result: PythonDecodable>(
    _ name: String, version: Int? = nil, keywords: [String] = [],
    as type: PythonFunction<(repeat each Argument), Result>.Type = PythonFunction.self,
    in session: any Session, allowingUntrusted: Bool = false
  ) async throws -> PythonFunction<(repeat each Argument), Result> {
    let action = try await usableAction(named: name, version: version)
    let path = try await bind(action, in: session, allowingUntrusted: allowingUntrusted)
    return try await Self.explainingMismatch(of: action, path) {
      try await session.function(path, keywords: keywords, as: type)
    }
  }

  /// An action whose result is dropped, as a typed Swift function.
  public func function<each Argument: PythonTyped>(
    _ name: String, version: Int? = nil, keywords: [String] = [],
    as type: PythonFunction<(repeat each Argument), Void>.Type = PythonFunction.self,
    in session: any Session, allowingUntrusted: Bool = false
  ) async throws -> PythonFunction<(repeat each Argument), Void> {
    let action = try await usableAction(named: name, version: version)
    let path = try await bind(action, in: session, allowingUntrusted: allowingUntrusted)
    return try await Self.explainingMismatch(of: action, path) {
      try await session.function(path, keywords: keywords, as: type)
    }
  }

  /// Loads the action, and returns the path of its function in the session.
  private func bind(
    _ action: Action, in session: any Session, allowingUntrusted: Bool
  ) async throws -> String {
    let plan = try await read { db in try LoadPlan(action, db) }
    try await load(
      [(plan: plan, names: [])], into: session, allowingUntrusted: allowingUntrusted)
    try await collectors.watch(session, for: self)
    return try await SessionBridge(session: session)
      .call("function_path", [action.hash], as: String.self)
  }

  private static func explainingMismatch<Bound>(
    of action: Action, _ path: String, _ body: () async throws -> Bound
  ) async throws -> Bound {
    do {
      return try await body()
    } catch let exception as PythonException where exception.type == "TypeError" {
      throw LibraryError(
        .signatureMismatch,
        "\(action.name) (version \(action.version)) does not fit the Swift type: "
          + "\(exception.message.replacing(path, with: action.name)).", underlying: exception)
    }
  }
}
