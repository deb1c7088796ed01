/// What `dynasaur_library/admission.py` reports of one run.
struct ReplayOutcome: Decodable {
  enum Comparison: String, Decodable {
    case equal, different, notReplayed, notComparable
  }

  struct Call: Decodable {
    var status: Comparison
    var detail: String?
    var effects: [[String]]
  }

  /// The exception that the import ended with.
  var error: RecordedCall.Failure?
  var importEffects: [String]
  /// Variables that the source alone does not give the value they had.
  var variables: [String]
  var calls: [Call]

  var effects: [Action.Effect] {
    Set(calls.flatMap(\.effects)).compactMap {
      $0.count == 2 ? Action.Effect(kind: $0[0], target: $0[1]) : nil
    }.sorted { ($0.kind, $0.target) < ($1.kind, $1.target) }
  }
}

/// What it reports before each phase.
struct ReplayPhase: Decodable {
  var phase: String
  var number: Int?

  /// "importing it", "repeating call 2": to go on with "did not end".
  var description: String {
    switch phase {
    case "dependencies": "importing what it calls"
    case "import": "importing it"
    case "call": "repeating call \((number ?? 0) + 1)"
    default: phase
    }
  }
}

extension RecordedCall {
  /// What the session saw the call do; a session can say what it likes, so only what has the right form.
  var observedEffects: [Action.Effect] {
    (effects ?? []).compactMap { pair in
      guard pair.count == 2, Action.Effect.kinds.contains(pair[0]) else { return nil }
      return Action.Effect(kind: pair[0], target: String(pair[1].prefix(500)))
    }
  }
}
