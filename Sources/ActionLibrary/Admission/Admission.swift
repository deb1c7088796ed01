import Foundation

/// What a candidate must show to be accepted.
public struct AdmissionPolicy: Sendable, Hashable {
  /// It has a docstring.
  public var requiresDocstring = true
  /// Every parameter and the result have a type hint.
  public var requiresTypeHints = true
  /// A session has seen a call of it that returned. Off for functions that a person adds.
  public var requiresCalls = true
  /// How long one run may take: import and all recorded calls.
  public var deadline: Duration = .seconds(30)
  /// One run for each; they order sets differently.
  public var hashSeeds: [UInt32] = [1, 4242]

  /// Whether candidates are accepted as they are, without any check, as the published system does. For
  /// comparison only: nothing shows then that an action works.
  public var savesUnchecked = false

  public init() {}

  /// For functions that a person wrote and adds: they need not have been called.
  public static var trustingAuthor: AdmissionPolicy {
    var policy = AdmissionPolicy()
    policy.requiresCalls = false
    policy.requiresDocstring = false
    policy.requiresTypeHints = false
    return policy
  }
}

/// What admission found out about a candidate.
public struct AdmissionVerdict: Sendable, Hashable {
  public var isAccepted: Bool
  public var verification: Action.Verification
  /// Why it was refused, or what is worth knowing of it, in sentences.
  public var reasons: [String]
  public var effects: [Action.Effect]
  /// The kinds of effects that its calls had, which later ones may have; nil if it has no calls.
  public var capabilities: [String]?

  /// Whether only words are missing: the model can add them and try again.
  public var lacksDocumentationOnly = false

  static func refused(_ reasons: [String], effects: [Action.Effect] = []) -> AdmissionVerdict {
    AdmissionVerdict(
      isAccepted: false, verification: .none, reasons: reasons, effects: effects)
  }
}

/// Checks candidates in fresh interpreters: each must work from its stored source alone.
public struct Admission: Sendable {
  public var runner: any AdmissionRunner
  public var policy: AdmissionPolicy

  public init(runner: any AdmissionRunner, policy: AdmissionPolicy = AdmissionPolicy()) {
    self.runner = runner
    self.policy = policy
  }

  /// Checks a candidate together with the actions it calls, those called first.
  ///
  /// - Parameter isAgain: whether it was accepted before. A call that needs a file which is no longer at
  ///   hand is then not repeated, instead of speaking against it.
  /// Throws `LibraryError` with code `admission` only if the check itself could not be made.
  public func check(
    _ candidate: ActionCandidate, dependencies: [Action] = [], workspace: URL? = nil,
    isAgain: Bool = false
  ) async throws -> AdmissionVerdict {
    if policy.savesUnchecked {
      return AdmissionVerdict(
        isAccepted: true, verification: .none, reasons: ["It was saved unchecked."], effects: [])
    }
    let missing = missingDocumentation(candidate)
    var calls = candidate.calls
    calls.removeAll { !$0.isFinished }
    if policy.requiresCalls, let reason = Self.uselessCalls(calls) {
      return .refused([reason] + missing)
    }
    let argument = try Self.argument(candidate, calls, dependencies, isAgain: isAgain)
    var outcomes: [ReplayOutcome] = []
    for seed in policy.hashSeeds {
      let reply = try await runner.run(
        AdmissionRequest(
          function: "dynasaur_library.admission:check", argument: argument, hashSeed: seed,
          deadline: policy.deadline, workspace: workspace))
      guard let data = reply.outcome else {
        return .refused([unfinished(reply)] + missing)
      }
      let outcome = try Self.decode(ReplayOutcome.self, data)
      let failures = Self.failures(outcome, isFirst: outcomes.isEmpty)
      if !failures.isEmpty {
        return .refused(failures + missing, effects: outcome.effects)
      }
      outcomes.append(outcome)
    }
    var verdict = Self.verdict(outcomes, calls)
    if !missing.isEmpty {
      verdict.isAccepted = false
      verdict.lacksDocumentationOnly = true
      verdict.reasons = missing
    }
    return verdict
  }

  // MARK: Reasons

  private func missingDocumentation(_ candidate: ActionCandidate) -> [String] {
    var missing: [String] = []
    if policy.requiresDocstring, candidate.docstring?.isEmpty ?? true {
      missing.append("It has no docstring.")
    }
    if policy.requiresTypeHints {
      let names = candidate.signature.missingHints.filter { $0 != "self" }
      if !names.isEmpty {
        missing.append("It has no type hints for: \(names.joined(separator: ", ")).")
      }
    }
    return missing
  }

  private static func uselessCalls(_ calls: [RecordedCall]) -> String? {
    if calls.isEmpty { return "It was never called, so nothing shows that it works." }
    if calls.allSatisfy({ $0.exception != nil }) { return "No call of it succeeded." }
    return nil
  }

  private func unfinished(_ reply: AdmissionReply) -> String {
    let phase = reply.lastReport.flatMap { try? JSONDecoder().decode(ReplayPhase.self, from: $0) }
    let doing = phase?.description ?? "starting its check"
    switch reply.end {
    case .timedOut:
      return "It did not end in time: \(doing) took longer than \(policy.deadline)."
    case .died(let how): return "While \(doing), its process \(how)."
    case .finished:
      return "Its check gave no result."
    }
  }

  private static func failures(_ outcome: ReplayOutcome, isFirst: Bool) -> [String] {
    if !outcome.importEffects.isEmpty {
      let effects = outcome.importEffects.joined(separator: ", ")
      return ["Importing it has side effects: \(effects). Move them into the function."]
    }
    if let error = outcome.error {
      return ["Its source does not import by itself: \(error.type): \(error.message)."]
    }
    if !outcome.variables.isEmpty {
      let names = outcome.variables.map { "`\($0)`" }.joined(separator: ", ")
      return [
        "It depends on \(names), whose value in the session its source does not give again. "
          + "Pass it as a parameter."
      ]
    }
    let seed = isFirst ? "" : " (under another hash seed)"
    return outcome.calls.enumerated().compactMap { number, call in
      call.status == .different
        ? "Repeating call \(number + 1)\(seed), \(call.detail ?? "it behaved differently")." : nil
    }
  }

  private static func verdict(
    _ outcomes: [ReplayOutcome], _ recorded: [RecordedCall]
  ) -> AdmissionVerdict {
    let calls = outcomes.flatMap(\.calls)
    // A call that was stopped at its first effect had others, when the session recorded it.
    let effects = Set(outcomes.flatMap(\.effects)).union(recorded.flatMap(\.observedEffects))
    let open = calls.filter { $0.status == .notReplayed || $0.status == .notComparable }
    let reasons = Array(Set(open.compactMap(\.detail))).sorted()
    let verification: Action.Verification =
      calls.isEmpty ? .imported : open.isEmpty ? .replayed : .notReplayed
    return AdmissionVerdict(
      isAccepted: true, verification: verification,
      reasons: reasons.map { "Not replayed: \($0)." },
      effects: effects.sorted { ($0.kind, $0.target) < ($1.kind, $1.target) },
      capabilities: calls.isEmpty ? nil : Set(effects.map(\.kind)).sorted())
  }

  // MARK: JSON

  private static func argument(
    _ candidate: ActionCandidate, _ calls: [RecordedCall], _ dependencies: [Action], isAgain: Bool
  ) throws -> Data {
    struct Argument: Encodable {
      var action: LoadRecord
      var dependencies: [LoadRecord]
      var variables: [String: EncodedValue]
      var calls: [RecordedCall]
      var hostFunctions: [String]
      var again: Bool
    }
    let hostFunctions = Set(candidate.hostFunctions + dependencies.flatMap(\.hostFunctions))
    return try JSONEncoder().encode(
      Argument(
        action: LoadRecord(candidate),
        dependencies: dependencies.map { LoadRecord($0) },
        variables: candidate.variables, calls: calls, hostFunctions: hostFunctions.sorted(),
        again: isAgain))
  }

  static func decode<Value: Decodable>(_ type: Value.Type, _ data: Data) throws -> Value {
    do {
      return try JSONDecoder().decode(type, from: data)
    } catch {
      throw LibraryError(
        .admission, "The interpreter that checks actions gave a malformed answer.",
        underlying: error)
    }
  }
}
